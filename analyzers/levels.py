"""The level of government (级别) of an issuer, by its name. Entry point: :func:`level_of`. Pure.

Precision comes first: a name that says no level has none (商会), nor has a national name with a place in it,
which may be a local branch (国家税务总局河北省税务局).
"""

import re
from typing import Final

from analyzers import regions
from analyzers.normalize import normalize

LEVELS: Final = ("国家", "省", "市", "县", "乡镇")
_OF_REGION: Final = {
    regions.PROVINCE: "省",
    regions.PREFECTURE: "市",
    regions.COUNTY: "县",
    regions.TOWN: "乡镇",
}
_PARTY = re.compile("中共(?!中央)|中国共产党(?!中央)|共青团")
# Below the nation offices are 厅 and 局; a 部 without a place is a ministry, but for the Party's.
_NATIONAL = re.compile(
    "国务院|中共中央|中国共产党中央|中央|全国|最高人民(?:法院|检察院)|中华人民共和国|国家|中国人民"
    "|(?:教育|科学技术|科技|工业和信息化|公安|民政|司法|财政|人事|劳动和社会保障|人力资源和?社会保障|自然资源|国土资源|生态环境"
    "|环境保护|住房和?城乡建设|建设|交通运输|交通|铁道|水利|农业农村|农业|商务|对外经济贸易|文化和旅游|文化|卫生健康|卫生|监察"
    "|退役军人事务|应急管理|国防|外交|信息产业)部|海关总署|审计署"
)
# 省政府办公厅, 县委办公室: the level alone means the place; not 市场监管局, 市民, 区域.
_ALONE = (
    (re.compile("省(?:[^会]|$)"), "省"),
    (re.compile("市(?![场民容区]|政(?!府|协))"), "市"),
    (re.compile("县|区(?![域块])"), "县"),
    (re.compile("[镇乡](?![村静定])|街道"), "乡镇"),
)


def level_of(issuer: str) -> str:
    """One of :data:`LEVELS`; an empty string if the name does not say it. Of several the first one counts.

    >>> [
    ...     level_of(name)
    ...     for name in ("国务院办公厅", "河北省教育厅", "苏州市人民政府", "中共清源县委办公室")
    ... ]
    ['国家', '省', '市', '县']
    >>> level_of("市教委"), level_of("石桥镇人民政府"), level_of("国家税务总局河北省税务局")
    ('市', '乡镇', '')
    """
    name = normalize(issuer)
    if party := _PARTY.match(name):
        name = name[party.end() :]
    found = regions.find(name)
    if not found or found[0].start:
        if _NATIONAL.match(name):
            return "" if found else "国家"
        return next((level for pattern, level in _ALONE if pattern.match(name)), "")
    last = found[0]
    for region in found[1:]:
        if region.start != last.end:
            break
        last = region
    return _OF_REGION[last.level]
