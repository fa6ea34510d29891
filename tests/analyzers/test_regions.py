"""Names of places are recognised by the lexicon, and by their form where a name may begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers import lexicon
from analyzers.normalize import normalize
from analyzers.regions import find
from tests.support.chinese import TEXT


def names(text: str) -> list[str]:
    """The places in a text, in full."""
    return [region.name for region in find(normalize(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("河北石家庄市正定县的经验", ["河北省", "石家庄市", "正定县"]),
        ("在桂林调研", ["桂林市"]),
        ("河北", ["河北省"]),
        ("浅谈桂林旅游", []),  # a short name only where a name may begin
        ("凉山州脱贫攻坚", ["凉山彝族自治州"]),
        ("白银价格", []),  # a word, though the name of a city
        ("松溪县低保办法", ["松溪县"]),
        ("雁门坪县低保办法", ["雁门坪县"]),  # invented, by its form
        ("关于做好雁坪区2024年春耕工作的通知", []),
        ("关于雁坪区春耕工作的通知", ["雁坪区"]),
        ("雁坪市政府", ["雁坪市"]),
        ("柏树街道、柳塘镇和双井乡", ["柏树街道", "柳塘镇", "双井乡"]),
        ("洛阳市老城区", ["洛阳市", "老城区"]),
        ("老城区停车难", []),
        ("住宅小区、社区、园区、城区", []),
        ("全县、我市、各区、本镇", []),
        ("农村市场、区域、县级、市政设施、古镇", []),
        ("某某县、XX镇", []),
        ("上海市民办学校", ["上海市"]),
        ("管理和乡风文明", []),
    ],
)
def test_places(text: str, expected: list[str]) -> None:
    """What is a place and what only ends like one."""
    assert names(text) == expected


@given(st.sampled_from([(p, c, k) for p, c, counties in lexicon.regions() for k in counties]))
def test_every_listed_county_is_found_after_its_city(place: tuple[str, str, str]) -> None:
    """And belongs to both, with the name in full."""
    province, city, county = place
    found = find(f"{province}{city}{county}关于春耕的通知")
    assert found[-1].name == county
    assert {province, city} - {"", county} <= found[-1].within


@given(TEXT)
def test_spans_are_the_names_in_order(text: str) -> None:
    """Spans are within the text and do not overlap; a name begins as its span does."""
    normal, position = normalize(text), 0
    for region in find(normal):
        assert position <= region.start < region.end <= len(normal)
        assert region.name[0] == normal[region.start]
        position = region.end
