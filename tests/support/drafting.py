"""Articles whose passages are precedents, and a service over them on each engine."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from indexer.build import generations
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

ENGINES = ["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)]
# Each makes a passage of its own. The passages about funds differ in one word only, which no topic has.
BURIAL = (
    "各村推行节地生态安葬，建设公益性公墓，禁止乱埋乱葬。" + "红白理事会倡导文明节俭办丧事。" * 6
)
RIVERS = "河长每周巡河护河一次，及时清理河面漂浮物。" + "发现问题当日上报。" * 8
FUNDS = f"县财政局按季度拨付奖补资金，{{}}部门监督。{'做到专款专用。' * 10}"
AIM = "以水清岸绿为目标，全面落实河长制，巡河护河常态化。" + "群众满意度明显提高。" * 6
LEAD = "县政府成立河长制领导小组，统筹巡河护河工作。" + "各部门各司其职、密切配合。" * 6
FRAMED = f"""各村（社区）、镇直各单位：
为做好巡河护河工作，根据县里的统一部署，结合我镇实际情况，现制定本方案，请认真组织实施。
一、总体要求
（一）指导思想。{AIM}
二、主要任务
（一）巡河。{RIVERS}
三、保障措施
（一）加强领导。{LEAD}
附件：巡河护河责任表
石桥镇巡河护河工作领导小组办公室
2024年3月1日
抄送：县巡河护河工作领导小组办公室
"""
ARTICLES: list[dict[str, Any]] = [
    {"id": "a", "title": "河长制通知", "body": f"一、巡河\n{RIVERS}\n二、资金\n{FUNDS.format('审计')}"},
    {
        "id": "b",
        "title": "方案",
        "date": "2020",
        "body": f"一、安葬\n{BURIAL}\n二、资金\n{FUNDS.format('监察')}",
    },
    # A revised edition of b, with other punctuation.
    {
        "id": "c",
        "title": "方案（修订）",
        "date": "2022",
        "body": f"一、安葬\n{BURIAL.replace('，', '、')}\n二、资金\n{FUNDS.format('纪检')}",
    },
    # A later one, which no longer holds.
    {"id": "d", "title": "旧方案", "date": "2023", "status": "废止", "body": f"一、安葬\n{BURIAL}"},
    {"id": "f", "title": "正定县石桥镇巡河护河方案", "kind": "方案", "body": FRAMED},
    {"id": "m", "title": "会议纪要", "body": "会议传达了上级文件精神，听取了近期工作汇报。" * 8},
]  # fmt: skip


@contextmanager
def opened(
    request: pytest.FixtureRequest, folder: Path, articles: Sequence[dict[str, Any]] = ARTICLES
) -> Iterator[SearchService]:
    """A service over the articles on the engine of the parameter, without a model."""
    engine = f"embedded:{folder}/index"
    if request.param == "elastic":
        # Not as an argument: tests of the embedded engine must not start a node.
        engine = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    state = f"sqlite:///{folder}/state.sqlite3"
    service = open_service(
        read_settings(engine=engine, state=state, model="none", engine_timeout=30)
    )
    generations.rebuild(
        service, [write_source(folder / "articles.jsonl", articles)], cleaning=ALL_CLEANING
    )
    yield service
    service.close()
