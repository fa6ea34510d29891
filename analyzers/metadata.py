"""Extract the metadata of a 公文: issuer, 文号, 文种, date, subject, annexes and relations, with offsets.

Entry point: :func:`find`. Pure: the result depends only on the title and text, so what is extracted from a
guest's text depends on that text only. Precision comes first: a wrong issuer is worse than none. Metadata of
other documents (cited 文号, 《…》) is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from analyzers import lexicon, references, relations
from analyzers.normalize import normalize

Where = Literal["title", "text"]
# The fields. Of the first six there is at most one, of the others any number.
FIELDS: Final = (
    "issuer",
    "document_number",
    "kind",
    "written",
    "subject",
    "valid",
    "annex",
    "repeals",
    "revised_by",
    "effective",
)

# Characters before the first headings: title, 文号, addressee, preamble.
_HEAD: Final = 600
# Characters of a signature before its date: several organs, of about 15 characters each.
_BEFORE_DATE: Final = 240

_HAN = "一-鿿"
_ORGAN_END = (
    "(?:部|委|局|厅|府|院|会|办|室|组|署|处|行|司|联|社|所|队"
    "|海关|中心|中央|集团|公司|大学|学院|部门|会议)"
)
_ORGANS = rf"[{_HAN}、]{{1,150}}{_ORGAN_END}"
_SEVERAL_ORGANS = rf"{_ORGANS}(?:\s{{1,3}}{_ORGANS}){{0,15}}"
_DATE = relations.DATE
_BEFORE_ABOUT = re.compile(rf"\s*(?P<organ>{_SEVERAL_ORGANS})\s?(?:关于|印发|转发|批转|发布|公布)")
# 河北省某厅2019年政府信息公开报告, 1998年中华人民共和国国务院政府工作报告.
_BEFORE_REPORT = re.compile(
    rf"(?:[0-9]{{4}}年度?)?(?P<organ>[{_HAN}]{{2,30}}(?:院|厅|局|委员会|委|府|办公室))"
    r"(?:[0-9]{4}年)?度?(?:政府信息公开|政府工作报告|法治政府建设|工作总结|工作要点)"
)
_IN_THE_NAME_OF = re.compile(rf"代表(?P<organ>国务院|[{_HAN}]{{2,10}}[省市县区州]人民政府)")
# 桂林市人民政府 is a name; 市人民政府 is not specific.
_ANONYMOUS = re.compile(r"[省市县区州]?(?:政府|人民政府|委|部)")

_YEAR = r"[\[(]\s?(?:19|20)[0-9]{2}\s?年?\s?[\])]"
_NUMBER = re.compile(
    rf"(?P<organ>[{_HAN}]{{2,60}})\s?{_YEAR}\s?第?\s?[0-9]{{1,5}}\s?号"
    rf"|(?P<order>[{_HAN}]{{1,60}}令)\s*\(?第\s?[0-9]{{1,5}}号\)?"
    rf"|(?P<notice>[{_HAN}]{{2,60}}公告)\s?\(?(?:19|20)[0-9]{{2}}年\s?第\s?[0-9]{{1,5}}号\)?"
)
_NAMED_NUMBER = re.compile(
    r"(?:文\s?号|发文字号|发文号|文件编号)\s?:\s*(?P<number>[^\s()][^\n()]*?(?:\([^\n()]*?(?:\)[^\n()]*?)?)?号\)?)"
)
_KINDS: Final = {normalize(name): kind for name, kind in lexicon.kinds().items()}
_MAX_KIND_LENGTH: Final = max(map(len, _KINDS))
_NAMES = "|".join(sorted(filter(lambda name: len(name) > 1, _KINDS), key=len, reverse=True))
# What may directly precede 冀科农[2017]3号 without being part of it: the end of a title, an organ, a date.
_ENDINGS = (
    "通知|意见|决定|办法|规定|批复|公告|通告|方案|报告|措施|条例|规划|细则|计划|复函|解释|指南|指引"
)
_BEFORE_NUMBER = re.compile(rf".*(?:{_ENDINGS}|文件|人民政府|办公厅|委员会|[日的])")
_BEFORE_ORDER = re.compile(rf".*(?:{_ENDINGS}|[日的])")
_ENDS_LIKE_A_TITLE = re.compile(rf"(?:{_ENDINGS})\s*\(?$")
# A 文号 after the first or before the second belongs to another document.
_CITING = re.compile(
    r"[。,;:]|根据|按照|依照|依据|参照|贯彻|落实|转发|印发|执行|符合|《[^》]*$|》(?!的?[^《》]{2,8}\s*$)"
)
_CITED = re.compile(r"\)?\s?(?:文(?!件\s*\n)|精神|要求|规定|收悉|》)")

_AFTER_SIGNATURE = re.compile(r"\s|$|\(|更多信息|附件|附:|公开|联系|抄送|主动公开|第一[条章]")
# 二〇二四年三月五日批准, …前, …起: not the date of a signature.
_NOT_A_SIGNATURE = re.compile(
    r"\s?(?:批准|印发|发布|公布|通过|召开|制定|[前起以至在,、。的]|第\S{1,3}次)"
)
_SIGNS = re.compile(
    rf"(?:^|[^{_HAN}、])[\s\ue000-\uf8ff]*(?P<organ>{_SEVERAL_ORGANS})[\s\ue000-\uf8ff]*$"
)
_ON_ITS_OWN_LINE = re.compile(r"(?:^|\n)[^\S\n]*$|。 $")
_SENTENCE = re.compile(r"[的请由将并为]|应当|根据|按照|贯彻|落实|报送|经过")
_PERSON_SIGNS = re.compile(
    rf"(?P<organ>[{_HAN}]{{2,20}}{_ORGAN_END})?"
    rf"(?:总\s?理|[省市县区州部厅局]\s?长|主\s?任|主\s?席|院\s?长)[:\s]*[{_HAN}·]{{1,4}}\s?[{_HAN}]{{1,3}}\s*$"
)
# （2019年10月26日…会议通过）, （2010年4月29日…发布 自发布之日起施行）, （2015年3月13日）
_ADOPTED = re.compile(
    rf"\([^()]{{0,30}}?(?P<date>{_DATE})(?:\)|[^()]{{0,50}}(?:\[[0-9]{{4}}\][^()]{{0,10}})?"
    r"(?:通过|公布|发布|印发|批准))"
)

_TAIL_OF_TITLE = re.compile(
    r"(?:\s|\([^()]*\)|\[[^\[\]]*\]|[》》>]|(?:19|20)[0-9]{2}年?版?|\.(?:docx?|pdf|wps))+$"
)
_ABOUT = re.compile(r"关于")
_LEADS_TO_KIND = r"(?:若干|暂行|试行|具体|补充|实施|指导|工作|行动|有关)*"
_BOOK = re.compile(r"《(?:[^《》]++|《[^《》]*+》)*+》")


@dataclass(frozen=True)
class ExtractedField:
    """Metadata at ``start:end`` of the title or of the text, as ``where`` says.

    ``field``: one of :data:`FIELDS`. ``value``: a date in ISO form, a kind by its name in the lexicon, else
    the characters themselves with white space collapsed to single spaces.
    """

    field: str
    value: str
    where: Where
    start: int
    end: int


class _Source:
    """One of the two texts, and its normal form, in which everything is searched."""

    def __init__(self, where: Where, original: str) -> None:
        self.where = where
        self.original = original
        self.normal = normalize(original)

    def extract(self, field: str, start: int, end: int, value: str | None = None) -> ExtractedField:
        piece = self.original[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        verbatim = " ".join(self.original[start:end].split())
        return ExtractedField(field, verbatim if value is None else value, self.where, start, end)


def find(title: str, text: str) -> tuple[ExtractedField, ...]:
    """All metadata in a raw title and text, in the order of :data:`FIELDS`; offsets are into these."""
    name, body = _Source("title", title), _Source("text", text)
    kind = _kind(name, body)
    number = _number(name) or _number(body)
    issuer = _issuer_by_name(name) or _issuer_by_name(body, after=number)
    signature = _signature(body, issuer)
    annexes = list(_annexes(body, signature))
    extracted: list[ExtractedField | None] = [
        issuer or _issuer(body, signature, number),
        number,
        kind,
        _written(body, signature),
        _subject(name),
    ]
    explains = kind is None or kind.value == "解读"  # its relations are those of another document
    stated = [] if explains else list(relations.find(body.normal))
    extracted += [
        body.extract(one.field, one.start, one.end, _iso(body.normal[one.start : one.end]))
        for one in stated
    ]
    return tuple(
        sorted(
            (one for one in (*extracted, *annexes) if one is not None),
            key=lambda one: (FIELDS.index(one.field), one.start),
        )
    )


def _iso(text: str) -> str | None:
    """The ISO form of a normalised text that is a complete date; None for any other text."""
    if re.fullmatch(_DATE, text):
        for reference in references.find(text):
            value = reference.terms[0].removeprefix("date:")
            if len(value) == len("2024-03-05"):
                return value
    return None


# --- kind and subject ----------------------------------------------------------------------------


def _ends_with_kind(source: _Source, end: int) -> ExtractedField | None:
    """The longest name of a kind at the end of ``normal[:end]``, before brackets, years and the like."""
    tail = _TAIL_OF_TITLE.search(source.normal, 0, end)
    end = tail.start() if tail else end
    for length in range(min(_MAX_KIND_LENGTH, end), 0, -1):
        kind = _KINDS.get(source.normal[end - length : end])
        if kind:
            return source.extract("kind", end - length, end, kind)
    return None


_NAMES_ITS_KIND = re.compile(
    rf"(?:制定|制订|发布)本(?:实施|指导|行动|工作|暂行|试行)*(?P<a>{_NAMES})"
    rf"|(?:以下|如下)(?:若干|实施|指导|工作|具体|政策)*(?P<b>意见|规定|决定|措施|办法)"
    r"|(?P<c>通知|公告|通告|批复|意见|解读|解释|报告|答复|决定|汇报)如下"
)


def _kind(name: _Source, body: _Source) -> ExtractedField | None:
    kind = _ends_with_kind(name, len(name.normal))
    if kind:
        return kind
    match = _NAMES_ITS_KIND.search(body.normal, 0, _HEAD)
    if not match:
        return None
    group = match.lastgroup or "a"
    return body.extract("kind", match.start(group), match.end(group), _KINDS[match[group]])


def _subject(name: _Source) -> ExtractedField | None:
    kind = _ends_with_kind(name, len(name.normal))
    books = [book.span() for book in _BOOK.finditer(name.normal)]
    for about in _ABOUT.finditer(name.normal):
        if any(start < about.start() < end for start, end in books):
            continue
        if kind:
            before = re.search(rf"的{_LEADS_TO_KIND}$", name.normal[: kind.start])
            inside = any(start < kind.start < end for start, end in books)
            if before and before.start() > about.end() and not inside:
                return name.extract("subject", about.end(), before.start())
        return None
    return None


# --- number --------------------------------------------------------------------------------------


def _number(source: _Source) -> ExtractedField | None:
    """The document's own 文号: in its title, or at the head of its text before the first sentence."""
    head = source.normal[:_HEAD]
    named = _NAMED_NUMBER.search(head)
    if named:
        return source.extract("document_number", *named.span("number"))
    for match in _NUMBER.finditer(head):
        organ = match["organ"] or match["order"] or match["notice"]
        ordered = organ.endswith(("令", "公告"))
        cut = (_BEFORE_ORDER if ordered else _BEFORE_NUMBER).match(organ.removesuffix("公告"))
        start, end = match.start() + (cut.end() if cut else 0), match.end()
        before = head[head.rfind("\n", 0, start) + 1 : start]
        cited = _CITING.search(before) and not _ENDS_LIKE_A_TITLE.search(before)
        within = organ[start - match.start() :]
        if cited or not within or _CITING.search(within) or _CITED.match(head, end):
            continue
        if head[end - 1] == ")" and "(" not in head[start:end]:
            end -= 1
        return source.extract("document_number", start, end)
    return None


# --- issuer and date -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Signature:
    """Offsets of the signing organs (empty if there is only a date), and of the date."""

    organ: tuple[int, int]
    date: tuple[int, int]


def _issuer_by_name(
    source: _Source, *, after: ExtractedField | None = None
) -> ExtractedField | None:
    """The organ before 关于 in the title, or in the title that the text begins with."""
    start = after.end if after and after.where == source.where and after.start < 5 else 0
    for pattern in (_BEFORE_ABOUT, _BEFORE_REPORT):
        match = pattern.match(source.normal, start)
        if match and not _SENTENCE.search(match["organ"]):
            return source.extract("issuer", *match.span("organ"))
    return None


def _signatures(body: _Source, issuer: ExtractedField | None) -> Iterator[tuple[int, _Signature]]:
    """Candidates for the signature with their ranks; a lower rank is more certain."""
    normal = body.normal
    name = re.sub(r"\s", "", normalize(issuer.value)) if issuer else None
    by_name = (
        re.compile(r"\s*".join(map(re.escape, name)) + r"[\s\ue000-\uf8ff]*$") if name else None
    )
    for start, end in relations.dates(normal):
        if _NOT_A_SIGNATURE.match(normal, end):
            continue
        offset = max(0, start - _BEFORE_DATE)
        before = normal[offset:start]
        own = by_name.search(before) if by_name else None
        if own:
            yield 0, _Signature((offset + own.start(), start), (start, end))
            continue
        person = _PERSON_SIGNS.search(before)
        signs = _SIGNS.search(before) if _AFTER_SIGNATURE.match(normal, end) else None
        if person:
            first, last = person.span("organ") if person["organ"] else (0, 0)
            yield 1, _Signature((offset + first, offset + last), (start, end))
        elif signs and not _SENTENCE.search(signs["organ"]):
            first, last = signs.span("organ")
            yield 1, _Signature((offset + first, offset + last), (start, end))
        elif _AFTER_SIGNATURE.match(normal, end) and _ON_ITS_OWN_LINE.search(before):
            yield 2, _Signature((start, start), (start, end))


def _signature(body: _Source, issuer: ExtractedField | None) -> _Signature | None:
    """The most certain signature; among equals the first, because annexed texts come after it."""
    ranked = sorted(_signatures(body, issuer), key=lambda one: one[0])
    return ranked[0][1] if ranked else None


def _issuer(
    body: _Source, signature: _Signature | None, number: ExtractedField | None
) -> ExtractedField | None:
    """The organ that signs, issues the order, or in whose name a report is given."""
    if signature and signature.organ[0] < signature.organ[1]:
        return body.extract("issuer", *signature.organ)
    if number and number.where == "text":
        order = re.match(rf"[{_HAN}]+(?=令|公告)", body.normal[number.start : number.end])
        if order and not _ANONYMOUS.fullmatch(order[0]):
            return body.extract("issuer", number.start, number.start + order.end())
    speaks = _IN_THE_NAME_OF.search(body.normal, 0, _HEAD // 4)
    return body.extract("issuer", *speaks.span("organ")) if speaks else None


def _written(body: _Source, signature: _Signature | None) -> ExtractedField | None:
    adopted = _ADOPTED.search(body.normal, 0, _HEAD // 2)
    span = adopted.span("date") if adopted else signature.date if signature else None
    value = _iso(body.normal[slice(*span)]) if span else None
    return body.extract("written", *span, value) if span and value else None


# --- annexes -------------------------------------------------------------------------------------

_ANNEXES = re.compile(r"附\s?[件录]?\s?:\s*(?=\S)")
_ITEM = re.compile(rf"\s*(?P<number>[0-9]{{1,2}})(?:\s?[.、]\s*|(?=[{_HAN}]))")
_ITEM_END = re.compile(
    r"(?:\.(?:docx?|xlsx?|pdf|wps|zip|rar))+|\n|[;。]|\(此件|\(主动|附件[0-9]?[:\s]|一、|更多信息"
    rf"| (?={_SEVERAL_ORGANS}\s?{_DATE})"
)
_MAX_NAME_LENGTH: Final = 120
# Characters of a name's continuation on the next line.
_MAX_LINE_LENGTH: Final = 40
_CONTENTS: Final = "...."  # a line of a table of contents


def _annexes(body: _Source, signature: _Signature | None) -> Iterator[ExtractedField]:
    """The names in the first list of annexes."""
    for marker in _ANNEXES.finditer(body.normal):
        limit = len(body.normal)
        if signature and signature.organ[0] >= marker.end():
            limit = signature.organ[0]
        spans = [
            (start, end)
            for start, end in _items(body.normal, marker.end(), limit)
            if 1 < end - start <= _MAX_NAME_LENGTH and _CONTENTS not in body.normal[start:end]
        ]
        if spans:
            yield from (body.extract("annex", start, end) for start, end in spans)
            return


def _items(text: str, position: int, limit: int) -> Iterator[tuple[int, int]]:
    """The items 1., 2., … of a list that begins at ``position``, or its only item, without a number."""
    number = 1
    item = _ITEM.match(text, position, limit)
    if not item:
        yield position, _item_end(text, position, limit)[0]
    while item and int(item["number"]) == number:
        number += 1
        stop, after = _item_end(text, item.end(), limit)
        reach = min(limit, after + _MAX_LINE_LENGTH)
        following = re.compile(rf"(?<![0-9]){number}(?:\s?[.、]\s*(?![0-9])|(?=[{_HAN}]{{4}}))")
        beyond = following.search(text, item.end(), reach)
        yield item.end(), min(stop, beyond.start()) if beyond else stop
        item = _ITEM.match(text, beyond.start(), limit) if beyond else None


def _item_end(text: str, position: int, limit: int) -> tuple[int, int]:
    """End of the item that begins at ``position``, and end of its delimiter.

    Searched within the maximum length of a name and a signature after it; anything longer is not a name.
    """
    reach = min(limit, position + _MAX_NAME_LENGTH + _BEFORE_DATE)
    end = _ITEM_END.search(text, position, reach)
    return end.span() if end else (reach, reach)
