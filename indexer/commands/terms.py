"""The commands ``gongwen terms …``: coined terms for the staff to decide on.

Entry point: :func:`terms_group`. Messages and arguments only; proposals are made in
:mod:`indexer.propose_terms`.
"""

import dataclasses
import json

import click

from analyzers.messages import say
from indexer import propose_terms as coined
from indexer.commands.console import Group
from indexer.commands.generation import Open
from search_service.model import Audience

_terms = click.argument("terms", nargs=-1, required=True, metavar=say("词…", "TERM…"))
_COLUMNS = ("term", "documents", "quoted", "classed", "cohesion", "examples")


def terms_group(open_service: Open) -> click.Group:
    """The group of commands; ``open_service`` opens the service by the settings."""

    @click.group(
        cls=Group,
        help=say(
            "新词（三无小区、接诉即办）：从索引中找出，由人取舍。取用即生效，不必重建索引。",
            "Coined terms: proposed from the index, decided on by people; no rebuild is needed.",
        ),
    )
    def terms() -> None:
        """Terms."""

    @terms.command(
        help=say(
            "从公开索引中找新词，连同依据（TSV）；已取舍的不再列出。",
            "Propose terms from the public index with evidence (TSV), without those decided on.",
        )
    )
    @click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
    def learn(*, as_json: bool) -> None:
        """Learn."""
        with open_service() as (service, _):
            # From the public index only: what guests see must not depend on members' texts.
            reader = service.reader(Audience.PUBLIC)
            decided = service.store.coined.decided()
            proposals = coined.propose(reader, service.analyzer, decided)
        if as_json:
            rows = [dataclasses.asdict(one) for one in proposals]
            click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        click.echo("\t".join(_COLUMNS))
        for one in proposals:
            values = {**vars(one), "examples": " ".join(one.examples)}
            click.echo("\t".join(str(values[name]) for name in _COLUMNS))

    @terms.command(
        help=say("取用：下一次检索起生效。", "Accept; takes effect with the next search.")
    )
    @_terms
    def accept(terms: tuple[str, ...]) -> None:
        """Accept."""
        decide(terms, accepted=True)

    @terms.command(
        help=say(
            "不取用：不再列出；已取用的撤回。",
            "Reject: not proposed again; withdrawn if it was accepted.",
        )
    )
    @_terms
    def reject(terms: tuple[str, ...]) -> None:
        """Reject."""
        decide(terms, accepted=False)

    def decide(terms: tuple[str, ...], *, accepted: bool) -> None:
        normalized = [coined.normalize_term(term) for term in terms]
        with open_service() as (service, _):
            service.store.upgrade()
            service.check_state()
            service.store.coined.decide(normalized, accepted=accepted)
        for term in normalized:
            click.echo(_line(term, accepted=accepted))

    @terms.command("list", help=say("已取舍的词。", "The terms decided on."))
    def list_() -> None:
        """List."""
        with open_service() as (service, _):
            for term, accepted in service.store.coined.decided().items():
                click.echo(_line(term, accepted=accepted))

    return terms


def _line(term: str, *, accepted: bool) -> str:
    return f"{say('取用', 'accepted') if accepted else say('不取', 'rejected')}\t{term}"
