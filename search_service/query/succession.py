"""Which articles take the place of which. Entry points: :func:`keys_of`, :func:`sought`,
:func:`ending`, :func:`ended`.

From what the source says, or a text: 《…》（清政规〔2019〕7号）同时废止. Pure, and a function of the views of
one audience: what guests see depends on nothing that they may not read.
"""

from collections.abc import Iterable, Iterator

from analyzers import successors
from analyzers.successors import Mention
from search_service.model import AnyOf, Clause, Exact, View


def keys_of(view: View) -> list[str]:
    """The keys by which an index finds the article itself, what ends it, and what it ends."""
    own = successors.own_keys(view.id, view.document_number, view.title)
    keys = [f"own:{key}" for key in own]
    keys += [f"ends:{key}" for one in _ends(view) for key in one.keys]
    keys += [f"ended:{key}" for one in successors.stated(view.replaced_by) for key in one.keys]
    return sorted(set(keys))


def sought(view: View) -> Clause:
    """What matches the articles that may take its place, those whose place it may take, and its namesakes."""
    own = successors.own_keys(view.id, view.document_number, view.title)
    named = [*_ends(view), *successors.stated(view.replaced_by)]
    keys = {f"{relation}:{key}" for key in own for relation in ("own", "ends", "ended")}
    keys |= {f"own:{key}" for one in named for key in one.keys}
    return AnyOf(tuple(Exact(key) for key in sorted(keys)))


def ending(views: Iterable[View]) -> Clause:
    """What matches the articles that name one of these as ended."""
    keys = {
        f"ends:{key}"
        for view in views
        for key in successors.own_keys(view.id, view.document_number, view.title)
    }
    return AnyOf(tuple(map(Exact, sorted(keys))))


def ended(new: View, old: View) -> Mention | None:
    """How the first article, or its source, names the second as ended; None if it does not for certain."""
    if new.id == old.id:
        return None
    stated = (one for one in successors.stated(old.replaced_by) if means(one, old, new))
    in_order = not (new.date and old.date) or new.date >= old.date[: len(new.date)]
    named = (one for one in _ends(new) if means(one, new, old) and (in_order or not one.derived))
    return next(stated, None) or next(named, None)


def means(mention: Mention, by: View, view: View) -> bool:
    """Whether a mention ``by`` one article may mean the other one."""
    keys = successors.own_keys(view.id, view.document_number, view.title)
    return successors.is_certain(mention, keys, by.issuers, view.issuers)


def _ends(view: View) -> Iterator[Mention]:
    yield from successors.stated(view.replaces)
    yield from successors.repealed(view.found, view.text)
