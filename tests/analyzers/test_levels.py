"""The level of an issuer by its name."""

import pytest

from analyzers.levels import LEVELS, level_of


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("国家", "国务院 教育部办公厅 中共中央办公厅 最高人民法院、最高人民检察院 国家发展改革委 海关总署"),
        ("省", "河北省教育厅 上海 广西壮族自治区人民政府 中共河北省委办公厅 省政府办公厅 北京市教育委员会"),
        ("市", "苏州市人民政府 苏州人民政府 市教委 市政府办公室 石家庄市住建局"),
        ("县", "清源县人民政府办公室 中共清源县委办公室 河北省石家庄市正定县财政局 县委统战办"),
        ("乡镇", "石桥镇人民政府 清源县河湾乡人民政府 石桥街道办事处"),
        ("", "商会 市场监督管理局 区域合作办公室 国家税务总局河北省税务局 组织部 顾砚秋"),
    ],
)  # fmt: skip
def test_a_name_says_its_level(level: str, names: str) -> None:
    """By its place, by the level alone, or as a national office; else none."""
    assert {name: level_of(name) for name in names.split()} == dict.fromkeys(names.split(), level)
    assert level in (*LEVELS, "")
