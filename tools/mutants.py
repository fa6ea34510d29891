"""The mutants of a package for :mod:`tools.mutation`. Entry points: :func:`sample`, :func:`install`."""

import ast
import difflib
import hashlib
import importlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import (
    mutation_operators,
    operator_arg_removal,
    operator_assignment,
    operator_string,
)
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "query": "search_service/query",
    "ranking": "search_service/ranking",
    "answers": "search_service/answers",
    "suggestions": "search_service/suggestions",
    "analyzers": "analyzers",
}
_SEED = "gongwen"


@dataclass(frozen=True)
class Mutant:
    """A module with one expression changed."""

    path: Path
    function: str  # "name" or "Class.name"
    lines: range  # of the statement
    mutation: Mutation
    module: cst.Module
    draw: str  # a hash; the sample consists of the mutants with the smallest

    @property
    def source(self) -> str:
        """The mutated source of the module."""
        old, new = self.mutation.original_node, self.mutation.mutated_node
        return str(self.module.deep_replace(old, new).code)

    @property
    def is_valid(self) -> bool:
        """Whether it compiles and differs from the original."""
        try:
            compile(self.source, str(self.path), "exec")
        except SyntaxError:
            return False
        return ast.dump(ast.parse(self.source)) != ast.dump(ast.parse(self.module.code))

    def __str__(self) -> str:
        before, after = self.module.code.splitlines(), self.source.splitlines()
        lines = difflib.unified_diff(before, after, n=0, lineterm="")
        changed = [" ".join(line.split()) for line in islice(lines, 3, None)]
        return f"{self.path.relative_to(ROOT)}:{self.lines.start}: {' | '.join(changed)}"


def sample(package: str, size: int) -> list[Mutant]:
    """A fixed sample of a package's mutants."""
    paths = sorted((ROOT / PACKAGES[package]).glob("*.py"))
    mutants = sorted((one for path in paths for one in mutants_of(path)), key=lambda one: one.draw)
    return list(islice((one for one in mutants if one.is_valid), size))


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of a file, in functions without decorators."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    visitor = MutationVisitor(_OPERATORS, IgnoredCode(set(), set(), set()))
    module = wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    parents = wrapper.resolve(ParentNodeProvider)
    seen: Counter[str] = Counter()
    for mutation in visitor.mutations:
        ancestors = list(_ancestors(mutation.original_node, parents))
        function = _function(ancestors)
        if not function or _is_untested(mutation, ancestors):
            continue
        # Neither the file nor the line number: a mutant remains in the sample if its code is moved.
        old, new = map(module.code_for_node, (mutation.original_node, mutation.mutated_node))
        name = f"{_SEED} {function} {old} {new}"
        seen[name] += 1
        draw = hashlib.sha256(f"{name} {seen[name]}".encode()).hexdigest()
        yield Mutant(path, function, _lines(ancestors, positions), mutation, module, draw)


def _drop_keyword(node: cst.Call) -> Iterator[cst.Call]:
    """The call without one of its keyword arguments."""
    for index, argument in enumerate(node.args):
        if argument.keyword is not None:
            yield node.with_changes(args=[*node.args[:index], *node.args[index + 1 :]])


def _fix_condition(node: cst.If | cst.CompIf) -> Iterator[cst.If | cst.CompIf]:
    """The condition always false, and always true."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    for operator, value in ((cst.And(), "False"), (cst.Or(), "True")):
        fixed = cst.BooleanOperation(left=test, operator=operator, right=cst.Name(value))
        yield node.with_changes(test=fixed)


# Those of mutmut, without changes of texts and those that mypy would report (an argument or a variable
# replaced by None); and two kinds that mutmut lacks.
_OPERATORS = [
    *(
        (kind, operator)
        for kind, operator in mutation_operators
        if operator not in (operator_string, operator_arg_removal, operator_assignment)
    ),
    (cst.Call, _drop_keyword),
    (cst.If, _fix_condition),
    (cst.CompIf, _fix_condition),
]


def _ancestors(
    node: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]
) -> Iterator[cst.CSTNode]:
    """The node, its parent, and so on."""
    yield node
    while node in parents:
        node = parents[node]
        yield node


def _function(ancestors: Sequence[cst.CSTNode]) -> str:
    """The function or method whose body contains the node; empty if there is none."""
    names: list[str] = []
    for inner, outer in pairwise(ancestors):
        if isinstance(outer, cst.FunctionDef):
            names = [outer.name.value] if inner is outer.body else []
        elif isinstance(outer, cst.ClassDef) and names:
            names.append(outer.name.value)
    return ".".join(reversed(names))


_LOGS = m.Attribute(value=m.Name("_log") | m.Name("_LOG"))
_MESSAGE = m.Call(func=m.Name("say") | _LOGS)
_TEXT = m.SimpleString() | m.FormattedString() | m.ConcatenatedString() | _MESSAGE
_UNTESTED = _MESSAGE | m.Raise() | m.Call(func=m.Name("cast")) | m.Arg(keyword=m.Name("strict"))


def _is_untested(mutation: Mutation, ancestors: Sequence[cst.CSTNode]) -> bool:
    """Whether it changes messages, log entries, types or assertions, which no test should check."""
    old, new = mutation.original_node, mutation.mutated_node
    if isinstance(old, cst.Call) and isinstance(new, cst.Call):
        kept = {id(argument) for argument in new.args}
        dropped = [argument for argument in old.args if id(argument) not in kept]
        if any(m.matches(one, _UNTESTED) or m.matches(one.value, _TEXT) for one in dropped):
            return True
    return any(m.matches(node, _UNTESTED) for node in ancestors)


def _lines(ancestors: Sequence[cst.CSTNode], positions: Mapping[cst.CSTNode, Any]) -> range:
    """The lines of the statement; of a compound statement those before its block."""
    for node in ancestors:
        if isinstance(node, cst.SimpleStatementLine):
            return range(positions[node].start.line, positions[node].end.line + 1)
        if isinstance(node, cst.If | cst.For | cst.While | cst.With):
            return range(positions[node].start.line, positions[node.body].start.line + 1)
    node = ancestors[0]
    return range(positions[node].start.line, positions[node].end.line + 1)


def install(mutant: Mutant) -> None:
    """Replace the code of the function in this process, wherever it was imported to."""
    module = ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)
    function: Any = importlib.import_module(module)
    code = compile(mutant.source, str(mutant.path), "exec")
    for name in mutant.function.split("."):
        function = vars(function)[name]
        code = [one for one in code.co_consts if getattr(one, "co_name", None) == name][-1]
    getattr(function, "__func__", function).__code__ = code
