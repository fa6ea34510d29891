"""Running judged queries against an index. Entry points: :func:`ensure_index`, :func:`run_queries`."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.build import generations
from indexer.build.ingest import Progress, RunReport, no_progress
from indexer.evaluation.judgements import Judgements, Method, Question, records
from indexer.evaluation.measures import Run
from search_service.answers import precedents
from search_service.answers.related import rank
from search_service.answers.search import search
from search_service.engines import Reader
from search_service.errors import BadInput, FingerprintMismatch, ModelMissing, NoIndex
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.relevance import MAX_QUERY
from search_service.service import SearchService

DEPTH: Final = 100
_FETCH_SIZE: Final = 200  # documents fetched in one call


def ensure_index(
    service: SearchService, collection: Path, cleaning: Cleaning, progress: Progress = no_progress
) -> RunReport | None:
    """Index the collection; None if the service has a usable index already."""
    try:
        service.check_manifest(service.reader(Audience.PUBLIC).manifest, model=True)
        return None
    except (NoIndex, FingerprintMismatch):
        pass
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "collection.jsonl"
        with source.open("w", encoding="utf-8") as out:
            for raw in records(collection):
                record = dict(raw.values)
                text = record.pop("text", None)  # the name of the body in most test collections
                record.setdefault("body", text)
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        return generations.rebuild(service, [source], cleaning=cleaning, progress=progress)


def missing_documents(reader: Reader, judgements: Judgements) -> int:
    """The number of judged documents missing from the index; raises ``BadInput`` if all are missing."""
    judged = sorted({key for graded in judgements.grades.values() for key in graded})
    present = sum(
        len(reader.fetch(judged[start : start + _FETCH_SIZE]))
        for start in range(0, len(judged), _FETCH_SIZE)
    )
    if not present:
        raise BadInput(
            say(
                f"判定的 {len(judged)} 篇文章索引里一篇也没有，如 {judged[0]!r}；"
                "请核对 GONGWEN_ENGINE 与 --audience",
                f"the index has none of the {len(judged)} judged documents, such as {judged[0]!r};"
                " check GONGWEN_ENGINE and --audience",
            )
        )
    return len(judged) - present


def run_queries(
    service: SearchService,
    method: Method,
    questions: Sequence[Question],
    audience: Audience,
    *,
    depth: int = DEPTH,
    progress: Progress = no_progress,
) -> Run:
    """Return for each question the ids of the first ``depth`` documents.

    Raises ``ModelMissing`` if the configured model fails: keyword results must not replace its results.
    """
    run: dict[str, Sequence[str]] = {}
    for question in questions:
        run[question.id], degraded = _answer(service, method, question.text, audience, depth)
        if degraded and service.embedder is not None:
            raise ModelMissing(
                say(
                    f"查询 {question.id!r} 未能按意思检索；请检查 GONGWEN_MODEL",
                    f"semantic search failed for query {question.id!r}; check GONGWEN_MODEL",
                )
            )
        progress("ask", len(run), len(questions))
    return run


def _answer(
    service: SearchService, method: Method, text: str, audience: Audience, depth: int
) -> tuple[list[str], bool]:
    """The ids, and whether semantic search failed."""
    if method is Method.RELATED:
        return list(rank(service, text, audience, limit=depth)), False
    if method is Method.PRECEDENTS:
        # An article has the rank of its best passage.
        ids, degraded = precedents.rank(service, text, audience, limit=depth)
        return list(ids), degraded
    mode = Mode(method.value.partition(" ")[2])
    page = search(service, SearchRequest(text=text[:MAX_QUERY], mode=mode, size=depth), audience)
    return [result.stored.view.id for result in page.results], page.degraded
