"""Articles that pages must handle with care: paid text, markup, odd ids and addresses."""

import json
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from search_service.service import SearchService, open_service
from search_service.settings import Settings, read_settings

# Stands in no public view: wherever a public answer shows it, paid text has leaked.
SENTINEL = "鹦鹉螺号潜航密令"

CAREFUL: list[dict[str, object]] = [
    {
        "id": "paid-1",
        "title": "关于老旧小区电梯加装工作的经验材料",
        "body": f"电梯加装是民生实事。各社区先后召开居民议事会。{SENTINEL}由专班掌握，不得外传。",
        "preview": "电梯加装是民生实事。各社区先后召开居民议事会。……",
        "length": 3698,
        "slices": 18,
        "date": "2024-03-05",
        "category": "经验材料/城市治理",
    },
    {
        "id": "markup-1",
        "title": "<script>alert('标题')</script>注入防范通知",
        "body": "请各单位做好<b>注入防范</b>工作，落实网络安全责任制。",
        "issuer": "<img src=x onerror=alert(1)>",
        "kind": "通知",
        "date": "2023",
    },
    {
        "id": "address/script 1",
        "title": "关于链接安全排查工作的通知",
        "body": "链接安全排查工作由各科室自行组织，逐条核对网页链接。",
        "url": "ftp://files.example.gov.cn/1.html",
        "date": "2023-07",
    },
    {
        "id": "address-portal",
        "title": "关于门户栏目调整工作的通知",
        "body": "门户栏目调整工作自下月起实施，原有栏目名称同时停用。",
        "url": "https://portal.example.gov.cn/a/1.html?x=1&y=2",
        "date": "2023-08-01",
        "source": "办公室",
    },
]


def open_over(folder: Path, **settings: object) -> tuple[SearchService, Settings]:
    """A service whose data lie in a folder."""
    read = read_settings(engine=f"embedded:{folder}", **settings)
    return open_service(read), read


def json_of(response: TestResponse) -> Any:
    """The body of an answer, whatever its status."""
    return json.loads(response.get_data(as_text=True))
