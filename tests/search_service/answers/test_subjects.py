"""What a query names: a person, an office or a document; as the audience may read it."""

from pathlib import Path

import pytest

from indexer.build import generations
from search_service.answers.search import search
from search_service.answers.subjects import Subject, subject
from search_service.model import Audience, Everything, Filters
from search_service.query.request import SearchRequest
from search_service.service import SearchService
from tests.conftest import ALL_CLEANING, Open, write_source


def named(
    service: SearchService, text: str, audience: Audience = Audience.PUBLIC
) -> Subject | None:
    """What a query names."""
    return subject(service, text, search(service, SearchRequest(text=text), audience), audience)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("贺启明", ("author", "贺启明")),
        ("作者:贺启明", ("author", "贺启明")),
        ("清源县人民政府", ("issuer", "清源县人民政府")),
        ("县政府办公室", ("issuer", "清源县人民政府办公室")),
        ("机关:清源县人民政府办公室", ("issuer", "清源县人民政府办公室")),
        ("云政法(2023)9号", ("number", "云政法〔2023〕9号")),
        ("文号:云政法〔2023〕9号", ("number", "云政法〔2023〕9号")),
        # Of several documents, of a place, with other words, excluded, quoted, in titles only, nobody.
        ("文号:清政办发〔2024〕", None),
        ("清政办发〔2024〕17号", None),
        ("清源县", None),
        ("贺启明 讲话", None),
        ("-贺启明", None),
        ("“贺启明”", None),
        ("标题:贺启明", None),
        ("作者:没有这个人", None),
        ("小区", None),
        ("", None),
    ],
)
def test_a_name_and_nothing_else(
    sample_service: SearchService, text: str, found: tuple[str, str] | None
) -> None:
    """Whole or short, typed plainly or with its field."""
    one = named(sample_service, text)

    assert (one and (one.type, one.name)) == found
    if one and one.type != "number":
        of_the_name = Filters(**{one.type.value: (one.name,)})  # type: ignore[arg-type]  # a facet
        reader = sample_service.reader(Audience.PUBLIC)
        assert one.total == reader.totals(Everything(), filters=of_the_name).total > 0
    if one and one.type == "issuer":
        dates = [view.date or "" for view in one.articles]
        assert len(dates) == 3
        assert dates == sorted(dates, reverse=True)
        assert sum(one.kinds.values()) <= one.total
        assert all(one.name in view.issuers for view in one.articles)
    if one and one.type == "number":
        assert one.series == "云政法〔2023〕"


def test_everybody_is_told_of_what_they_may_read(open_named: Open, tmp_path: Path) -> None:
    """An article for the staff counts for nobody else, and a name that only it has names nobody."""
    service = open_named("index")
    office = {"issuer": "清源县财政局", "kind": "通知"}
    records = [
        {"id": "1", "title": "春耕通知", "body": "做好春耕。", **office, "date": "2024-01-01"},
        {"id": "2", "title": "夏收通知", "body": "做好夏收。", **office, "date": "2024-06-01"},
        {"id": "3", "title": "内部通知", "body": "内部。", **office, "date": "2024-07-01"}
        | {"audience": "staff", "author": "贺启明", "kind": "机要"},
    ]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)

    shown = {
        audience: named(service, "清源县财政局", audience)
        for audience in (Audience.PUBLIC, Audience.STAFF)
    }
    assert {audience: one and one.total for audience, one in shown.items()} == {
        Audience.PUBLIC: 2,
        Audience.STAFF: 3,
    }
    public = shown[Audience.PUBLIC]
    assert public is not None
    assert [view.id for view in public.articles] == ["2", "1"]
    assert public.kinds == {"通知": 2}
    assert named(service, "作者:贺启明") is None
    assert named(service, "作者:贺启明", Audience.STAFF) is not None
    service.store.blocked.add("财政局")
    assert named(service, "清源县财政局", Audience.STAFF) is None
