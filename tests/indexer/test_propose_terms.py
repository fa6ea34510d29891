"""Coined terms are proposed if several documents quote them, and decided on by people."""

import json
from pathlib import Path

import pytest

from analyzers.terms import Analyzer
from indexer.build import generations
from indexer.commands.main import main
from indexer.propose_terms import normalize_term, propose
from search_service.errors import BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from tests.conftest import Open, write_source

BODIES = [
    "推行“接诉即办”工作机制，群众诉求一键受理。造成严重后果的，依法处理。",
    "“接诉即办”改革见成效。“小区”治理有序。造成“严重后果”的追责。",
    "建立「接诉即办」机制，办理“一次性补贴”。",
    "完善接诉即办闭环，推行“吹哨报到”。",
    "年度工作总结，推行“吹哨报到”。",
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five articles, of which three quote one term."""
    records = [
        {"id": str(number), "title": f"第{number}篇", "body": body}
        for number, body in enumerate(BODIES, start=1)
    ]
    return write_source(tmp_path / "articles.jsonl", records)


def test_terms_quoted_by_three_documents_are_proposed_with_evidence(
    open_named: Open, source: Path
) -> None:
    """Counts of documents and quotes, the class word after it, cohesion, and examples."""
    service = open_named("index")
    generations.rebuild(service, [source], cleaning=Cleaning.parse("all"))
    reader = service.reader(Audience.PUBLIC)
    (proposal,) = propose(reader, Analyzer())
    assert proposal.term == "接诉即办"
    assert (proposal.documents, proposal.quoted, proposal.classed) == (4, 3, 3)
    assert proposal.cohesion > 0
    assert proposal.examples == ("1", "2", "3")
    assert propose(reader, Analyzer(), {"接诉即办"}) == []


def test_learn_accept_reject_list(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A term is proposed until it is decided on; decisions are listed, and may be changed."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/index")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    def gongwen(*arguments: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 0
        return capsys.readouterr().out

    gongwen("index", str(source))
    heading, row = gongwen("terms", "learn").splitlines()
    values = dict(zip(heading.split("\t"), row.split("\t"), strict=True))
    assert (values["term"], values["examples"]) == ("接诉即办", "1 2 3")
    (proposal,) = json.loads(gongwen("terms", "learn", "--json"))
    assert (proposal["term"], proposal["documents"]) == ("接诉即办", 4)
    assert gongwen("terms", "accept", "“接訴即辦”") == "取用\t接诉即办\n"
    assert gongwen("terms", "learn").splitlines() == [heading]
    gongwen("terms", "reject", "接诉即办")
    assert gongwen("terms", "list") == "不取\t接诉即办\n"


@pytest.mark.parametrize("text", ["", "“”", "三", "三无 小区", "双随机、一公开", "一" * 21])
def test_what_cannot_be_a_term_is_refused(text: str) -> None:
    """A term has no punctuation, because it is searched as a phrase of bigrams."""
    with pytest.raises(BadInput, match="20"):
        normalize_term(text)
