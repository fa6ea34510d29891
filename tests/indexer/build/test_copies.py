"""The groups of copies of a generation where many notices are alike."""

from pathlib import Path

import pytest

from indexer.build import copies, generations
from search_service.engines import Scope
from search_service.model import Audience
from tests.analyzers.test_copies import NOTICE
from tests.conftest import ALL_CLEANING, Open, write_source


def test_among_notices_of_one_template_what_is_the_same_is_still_found(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a piece of the text belongs to more groups than one article is compared with."""
    monkeypatch.setattr(copies, "_MOST_GROUPS", 2)
    forwarded = f"现将上级通知转发给你们，请结合实际认真贯彻落实。{NOTICE}"
    records = [
        *({"id": f"a{n}", "title": f"第{n}号通知", "body": NOTICE} for n in range(6)),
        {"id": "b1", "title": "转发第1号通知", "body": forwarded},
        *({"id": f"b{n}", "title": f"第{n}号通知", "body": NOTICE} for n in (3, 5)),
        {"id": "b6", "title": "转发第5号通知", "body": forwarded},
    ]
    service = open_named("index")
    source = write_source(tmp_path / "articles.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    groups = copies.groups_of(service.engine.reader(Scope(Audience.PUBLIC)))
    # b6 is a copy of a5, which is no more among those it is compared with: it is shown beside it.
    assert groups == [["a1", "b1"], ["a3", "b3"], ["a5", "b5"]]
