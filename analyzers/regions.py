"""Names of places in normalised text: provinces, prefectures, counties, towns. Entry point: :func:`find`.

The names of GB/T 2260 (``lexicon/regions.tsv``) are recognised wherever they occur, provinces without their
suffix, too (河北 = 河北省). Any other name is recognised by its form (清源县, 石桥街道), where a name may
begin: at the beginning of the text, after a name, a mark or a word like 关于. Precision comes first: 小区,
全县, 市场 and 社区 are no places. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from analyzers import lexicon

# Levels, as of GB/T 2260; of an unknown 市 the usual one.
PROVINCE, PREFECTURE, COUNTY, TOWN = 1, 2, 3, 4
_AUTONOMOUS = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$")
_SUFFIX = re.compile(r"[省市区县旗州盟乡镇]|街道")
# Provinces and prefectures other than cities are all in the lexicon.
_FORM = re.compile(r"[市区县旗乡镇]|街道")
# What follows a suffix that ends no name: 市场, 区域, 县级, 镇定; 清源市政府 is a name, 市政 is none.
_CONTINUES: Final = re.compile(
    r"市(?:[场民容价值面级盈净占]|政(?!府|协))|区[域别间块分级划隔位片]|[县省]级|镇[级村区静痛定压]"
    r"|乡[村镇级亲土愁下情]|旗[帜舰下号杆袍]|省[心力钱电]|盟[友约]"
)
# The last characters of words that end like names: 小区, 城市, 全县, 古镇.
_NOT_BEFORE: Final = {
    "市": "城超上股楼门都集夜全我本各县菜花早入退应罢收开跨外区该两三此撤设兄弟好省地大村农辖强副",
    "区": "小社城地园辖片校景灾山老牧郊街库林矿禁盲误专分选特湾全我本各该新发范验护疫住厂生功能核心居防险段"
    "战学市县省跨两三化户业洪导税连",
    "县": "全我本各该邻大强困市区跨省州两三设此贫个几十百千口粮城治",
    "旗": "红国党全各军团升彩锦队大治",
    "乡": "城家老故同返下还回全各该我本水村族",
    "镇": "城乡古小集名强重全各该我本建村中心大个特色制",
}
# After these characters and words a name may begin.
_ANCHOR = re.compile(
    r"(?:^|[^一-鿿]|关于|印发|中共|共青团|转发|批转|支持|推进|推动|加快|规范|修订|修改|废止|公布|发布"
    r"|[在和与及以对向为把将由从到至的年了于、给是]|人民)$"
)
_HAN = re.compile(r"[一-鿿]{2,3}")
_PLACE_BEFORE = re.compile(r"[一-鿿]{2}(?:[省市县区州盟旗]|街道)$")
# Prefectures whose short names are words, or parts of words.
_WORDS: Final = re.compile(
    "白银|大同|朝阳|安康|日照|来宾|中山|吴忠|百色|海口|天水|宣城|安顺|通化|东方|长治|和田|三明|黄山|山南|北海|文山"
    "|红河|怒江|平凉"
)
# Names of counties that are common words: places only directly after the name of another place.
_COMMON: Final = re.compile("老城区|新城区|城中区|城东区|城西区|城北区|新市区|市中区|城区|开发区")
_NO_BEGINNING = re.compile(
    r"[在对向把将由从到给是了的与及年度级各厅委办]|[一-鿿]?[某这那每]"
    r"|.{1,2}[和与及或的]|关于|[印转]发|批转|报送|公布|落实|根据|加[强快]|[开召举拓]|推[进荐动]|调整|办理|做好|同意|常务|政府|贯彻|实施"
    r"|建设|构建|打造"
)
_PEOPLES = "蒙古|哈萨克|柯尔克孜|景颇|傈僳|哈尼|土家|布依|朝鲜|[藏羌彝白傣壮苗侗回]"
_AUTONOMOUS_PREFECTURE = re.compile(rf"(.{{2,5}}?)(?:(?:{_PEOPLES})族?)+自治州")
_AUTONOMOUS_COUNTY = re.compile(rf"[一-鿿]{{2,4}}?(?:(?:{_PEOPLES})族?)+自治[县旗]")
_LONGEST = 15


@dataclass(frozen=True)
class Region:
    """A place at ``text[start:end]``.

    ``name``: in full, with its suffix. ``level``: 1 (province) to 4 (town). ``within``: the names of places
    that it belongs to, by the lexicon or because they are named directly before it. A county's name may be
    that of several counties (朝阳区): then those of all of them.
    """

    start: int
    end: int
    name: str
    level: int
    within: frozenset[str] = frozenset()


def find(text: str) -> list[Region]:
    """All places in a normalised text, by offset, without overlaps.

    >>> [(one.name, one.level) for one in find("河北石家庄市正定县关于青河镇的通知")]
    [('河北省', 1), ('石家庄市', 2), ('正定县', 3), ('青河镇', 4)]
    """
    regions: list[Region] = []
    for region in _candidates(text):
        before = regions[-1] if regions else None
        if before and before.end == region.start and before.level < region.level:
            above = before.within | {before.name}
            regions.append(replace(region, within=region.within | above))
        else:
            regions.append(region)
    return regions


def _candidates(text: str) -> Iterator[Region]:
    position = 0
    while position < len(text):
        region = _listed(text, position) or _of_form(text, position)
        if region is None:
            position += 1
        else:
            yield region
            position = region.end


def _listed(text: str, start: int) -> Region | None:
    """The place of the lexicon whose name begins here, with its suffix or without."""
    known = _known()
    for match in _SUFFIX.finditer(text, start + 1, start + _LONGEST):
        name = text[start : match.end()]
        if name not in known or _CONTINUES.match(text, match.end() - 1):
            continue
        if _COMMON.fullmatch(name):
            certain = bool(_PLACE_BEFORE.search(text, max(0, start - 12), start))
        else:
            certain = len(name) > 2 or _is_anchor(text, start)
        if certain:
            return replace(known[name], start=start, end=match.end())
    for length in (3, 2, 4):
        region = _without_suffix().get(text[start : start + length])
        if region and (region.level == PROVINCE or _is_anchor(text, start)):
            return replace(region, start=start, end=min(start + length, len(text)))
    return None


def _of_form(text: str, start: int) -> Region | None:
    """The place whose name, which is not in the lexicon, may begin here and has the form of a name."""
    if not _is_anchor(text, start):
        return None
    if match := _AUTONOMOUS_COUNTY.match(text, start):
        return Region(start, match.end(), match[0], COUNTY)
    for match in _FORM.finditer(text, start + 2, start + 5):
        stem, suffix, end = text[start : match.start()], match[0], match.end()
        if (
            not _HAN.fullmatch(stem)
            or _NO_BEGINNING.match(stem)
            or _COMMON.fullmatch(text[start:end])
        ):
            return None
        if _CONTINUES.match(text, end - 1) or stem[-1] in _NOT_BEFORE.get(suffix, ""):
            return None
        if any(_listed(text, inside) for inside in range(start + 1, match.start())):
            return None
        return Region(start, end, text[start:end], _level(suffix))
    return None


def _is_anchor(text: str, start: int) -> bool:
    if _ANCHOR.search(text, max(0, start - 4), start):
        return True
    return bool(_PLACE_BEFORE.search(text, max(0, start - 12), start))


def _level(suffix: str) -> int:
    if suffix.endswith(("街道", "乡", "镇")):
        return TOWN
    if suffix.endswith(("县", "区", "旗")) and not _AUTONOMOUS.search(suffix.replace("市", "")):
        return COUNTY
    return PROVINCE if suffix.endswith(("省", "自治区", "特别行政区")) else PREFECTURE


@cache
def _known() -> dict[str, Region]:
    """Full name -> the place."""
    regions: dict[str, Region] = {}

    def enter(name: str, level: int, *within: str) -> None:
        parents = frozenset(filter(None, within))
        if before := regions.get(name):
            level, parents = min(level, before.level), parents | before.within
        regions[name] = Region(0, 0, name, level, parents)

    for province, prefecture, counties in lexicon.regions():
        enter(province, PROVINCE)
        if prefecture:
            enter(prefecture, PREFECTURE, province)
        for county in counties:
            enter(county, COUNTY, province, prefecture)
    return regions


@cache
def _without_suffix() -> dict[str, Region]:
    """Name without suffix -> the province or prefecture."""
    names: dict[str, Region] = {}
    for region in sorted(_known().values(), key=lambda one: -one.level):
        if region.level == PROVINCE:
            names[_AUTONOMOUS.sub("", region.name)] = region
        elif region.level == PREFECTURE:
            short = region.name.removesuffix("市")
            if match := _AUTONOMOUS_PREFECTURE.fullmatch(region.name):
                names[match[1] + "州"] = region
            elif region.name.endswith("市") and len(short) > 1 and not _WORDS.fullmatch(short):
                names[short] = region
    return names
