"""Which documents that a draft cites are no longer in force. Entry point: :func:`ended`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from analyzers import names, successors
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.relations import is_no_longer_in_force
from analyzers.successors import Citation
from analyzers.terms import exact_key
from search_service.answers.succession import Relation, ended_by
from search_service.drafting.findings import Finding, Kind
from search_service.engines.reads import Reader, Search
from search_service.model import AnyOf, Audience, Exact, Sort, StoredArticle, View
from search_service.service import SearchService

# Citations that are looked up, and articles that they may mean.
_MOST_CITED: Final = 200
_MOST_MEANT: Final = 200
# Characters before 《…》 in which its issuer may be named.
_BEFORE: Final = 40


def ended(
    service: SearchService, reader: Reader, text: str, title: str, audience: Audience
) -> Iterator[Finding]:
    """The citations of documents that were repealed or replaced, with the successor where it is known.

    None if the draft is itself a list of what is repealed. A title that several documents have is reported
    only if none of them is in force.
    """
    normalised = normalize(text)
    if successors.only_ends(title):
        return
    cited = list(islice(successors.cited(normalised), _MOST_CITED))
    stored = _meant_by(reader, cited)
    after = ended_by(service, list(stored.values()), audience)
    for one in cited:
        meant = [each.view for each in stored.values() if _means(one, each.view, normalised)]
        if meant and all(view.id in after or _is_over(view) for view in meant):
            newest = max(meant, key=lambda view: view.date or "")
            yield _finding(one, newest, after.get(newest.id))


def _meant_by(reader: Reader, cited: Sequence[Citation]) -> Mapping[str, StoredArticle]:
    """The articles that are cited, by their ids, the newest first."""
    keys = sorted({f"own:{key}" for one in cited for key in one.mention.keys})
    if not keys:
        return {}
    search = Search(AnyOf(tuple(map(Exact, keys))), sort=Sort.DATE, limit=_MOST_MEANT)
    ids = [hit.id for hit in reader.read(search)[search].hits]
    return reader.fetch(ids) if ids else {}


def _means(citation: Citation, view: View, normalised: str) -> bool:
    """Whether a citation means an article, and no other office's of the same title."""
    mention = citation.mention
    keys = successors.own_keys(view.id, view.document_number, view.title)
    if mention.number in keys:
        return True
    if not successors.is_certain(mention, keys, (), ()):
        return False
    if not citation.title.startswith("关于") and exact_key(citation.title) == exact_key(view.title):
        return True  # 河北省安全生产条例: the title tells whose it is
    before = normalised[max(0, citation.start - _BEFORE) : citation.start]
    return any(_names(before + citation.title, view.issuers))


def _names(text: str, issuers: Iterable[str]) -> Iterator[bool]:
    """Whether a text names each issuer, by its long or its short name."""
    for one in issuers:
        yield normalize(one) in text or names.organ_key(one) in text


def _is_over(view: View) -> bool:
    return is_no_longer_in_force(view.status, normalize(view.title))


def _finding(citation: Citation, view: View, relation: Relation | None) -> Finding:
    successor = relation.view if relation else None
    if successor:
        by = f"《{successor.title}》" + (
            f"（{successor.document_number}）" if successor.document_number else ""
        )
        message = say(
            f"已不再有效，见{by}：改引现行的文件",
            f"no longer in force, see {by}: cite what is in force",
        )
    else:
        message = say(
            "已不再有效：核对后改引现行的文件",
            "no longer in force: check, and cite what is in force",
        )
    return Finding(
        kind=Kind.REPEALED,
        start=citation.start,
        end=citation.end,
        message=message,
        article=view,
        successor=successor,
    )
