"""Opposite directions: 上调 and 下调, 迁入 and 迁出. Entry point: :func:`not_opposite`. Pure.

A title of the opposite direction has nearly the same words and meaning as the one that is looked for.
"""

from typing import Final

from search_service.model import AnyOf, Clause, Field, Not, Term

# Each pair: words of one direction, words of the other.
_OPPOSITES: Final = (
    ("上调 提高 调高 上涨 涨价 增加 提升", "下调 降低 调低 下降 降价 减少 下浮"),
    ("迁入 迁进 迁进来 落户 转入 入户", "迁出 迁走 迁出去 转出"),
    ("允许 准许 开放 放开", "禁止 不得 严禁 禁用 限制"),
    ("申请 申领 设立 开办 登记 新办", "撤销 注销 吊销 终止"),
    ("开工 开业 复工", "停工 停业 歇业"),
    ("出口", "进口"),
    ("招聘 录用", "辞退 解聘"),
)
_WORDS: Final = tuple(tuple(side.split() for side in pair) for pair in _OPPOSITES)


def not_opposite(text: str) -> list[Clause]:
    """What matches articles whose title does not have the opposite of a direction that a text names.

    Only if the text names one direction of a pair and not the other; a title with both is not opposite.
    """
    clauses: list[Clause] = []
    for pair in _WORDS:
        for own, other in (pair, pair[::-1]):
            if any(word in text for word in own) and not any(word in text for word in other):
                same, opposite = (
                    tuple(Term(Field.TITLE_WORDS, word) for word in side) for side in (own, other)
                )
                clauses.append(AnyOf((*same, Not(AnyOf(opposite)))))
    return clauses
