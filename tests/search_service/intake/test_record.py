"""Records as sources write them: what becomes an article, and what is refused with which words."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import BadRecord
from search_service.intake.cleaning import Cleaning
from search_service.intake.names import ALIASES, known_field, likely_field
from search_service.intake.record import Notes, article_of, split_code
from search_service.metadata import Attachment
from search_service.model import Article, Audience

BODY = "一、基本情况\n全镇辖12个村，网格员86名。\n二、主要做法\n坚持党建引领，推动重心下移。"


def article(**values: object) -> Article:
    """Read a record that has everything required, changed by ``values``."""
    record = {"id": "7001", "title": "青山镇网格化治理工作总结", "body": BODY, **values}
    return article_of(record, cleaning=Cleaning())


def refused(**values: object) -> BadRecord:
    """The error of a record that must be refused."""
    with pytest.raises(BadRecord) as caught:
        article(**values)
    return caught.value


def test_blanks_between_the_levels_of_a_category_do_not_matter() -> None:
    """One category, however a source spaces its path."""
    for typed in ("教育/校车", "教育 / 校车", " 教育／校车", "教育 /校车"):
        assert article(category=typed).category == "教育/校车"


def test_every_field_is_read() -> None:
    """Each optional field arrives in its place, numbers as numbers, further fields beside them."""
    read = article(
        id=7002,
        code="B2101",
        author="林知远",
        issuer="青山镇人民政府",
        document_number="青政发〔2024〕6号",
        kind="总结",
        category="基层治理/网格化",
        date="2024年3月5日",
        preview="一、基本情况\n全镇辖12个村",
        length="3698字",
        slices="18",
        status="现行",
        views="1,234",
        url="https://www.example.gov.cn/a/7002.html",
        version=3,
        audience="Member",
        effective_date="2024年4月1日",
        summary="<p>全镇网格化治理的做法。</p>",
        keywords="网格化；基层治理",
        outline=["一、基本情况", "二、主要做法"],
        attachments=[{"name": "网格员名册", "url": "files/1.xlsx"}, "考核表"],
        replaces="青政发〔2020〕3号",
        replaced_by=["7003"],
        region="青山",
        tags=["党建", "网格"],
    )

    assert read == Article(
        id="7002",
        title="青山镇网格化治理工作总结",
        body=BODY,
        code="B2101",
        author="林知远",
        issuers=("青山镇人民政府",),
        document_number="青政发〔2024〕6号",
        kind="总结",
        category="基层治理/网格化",
        date="2024-03-05",
        preview="一、基本情况\n全镇辖12个村",
        length=3698,
        slices=18,
        status="现行",
        effective_date="2024-04-01",
        summary="全镇网格化治理的做法。",
        keywords=("网格化", "基层治理"),
        outline=("一、基本情况", "二、主要做法"),
        attachments=(
            Attachment("网格员名册", "https://www.example.gov.cn/a/files/1.xlsx"),
            Attachment("考核表"),
        ),
        replaces=("青政发〔2020〕3号",),
        replaced_by=("7003",),
        views=1234,
        url="https://www.example.gov.cn/a/7002.html",
        version=3,
        audience=Audience.MEMBER,
        extra={"region": "青山", "tags": ["党建", "网格"]},
    )


def test_chinese_names_of_fields_are_known() -> None:
    """A record with Chinese names reads like one with English names."""
    names = {field: aliases[0] for field, aliases in ALIASES.items()}
    english = {
        "id": "1",
        "title": "防汛预案",
        "body": BODY,
        "date": "2024",
        "views": "7",
        "audience": "公开",
    }

    chinese = {names[field]: value for field, value in english.items()}

    assert article_of(chinese, cleaning=Cleaning()) == article_of(english, cleaning=Cleaning())


def test_of_two_names_for_one_field_the_first_listed_counts() -> None:
    """The other column is kept as a further field; an English name outweighs all."""
    read = article(发布日期="2024-05-01", 成文日期="2024-04-28")

    assert read.date == "2024-04-28"
    assert read.extra == {"发布日期": "2024-05-01"}
    assert article(date="2023", 成文日期="2024-04-28").date == "2023"


def test_every_wrong_field_is_named_at_once() -> None:
    """One message lists all faults with the values, without a word of the library's jargon."""
    error = refused(
        title="",
        date="2023-02-30",
        views="许多",
        audience="vip",
        url="javascript:alert(1)",
        author=["甲"],
    )

    assert set(error.field_errors) == {"title", "date", "views", "audience", "url", "author"}
    assert "2023-02-30" in error.message
    assert "许多" in error.message
    assert not any(
        word in error.message for word in ("pydantic", "type=", "validation", "Value error")
    )


@pytest.mark.parametrize("field", ["id", "title", "body"])
@pytest.mark.parametrize("value", [None, "", " 　\n"])
def test_required_fields_must_be_there(field: str, value: object) -> None:
    """A blank id, title or body is a missing one."""
    assert set(refused(**{field: value}).field_errors) == {field}


@pytest.mark.parametrize("field", ["title", "body"])
def test_nothing_left_after_cleaning_is_a_fault(field: str) -> None:
    """A title or body of nothing but markup is empty."""
    assert set(refused(**{field: "<p>&nbsp;</p>"}).field_errors) == {field}


def test_blank_values_are_absent() -> None:
    """Blank and null optional fields are as good as none."""
    read = article(author="", date=None, views=" ", category="　", region="", status="&nbsp;")

    assert (read.author, read.date, read.views, read.category, read.status) == (None,) * 5
    assert read.extra == {}


@pytest.mark.parametrize(
    ("identifier", "read"),
    [
        ("A-1/二", "A-1/二"),
        (" 42 ", "42"),
        (0, "0"),
        (10**30, str(10**30)),
        ("x" * 200, "x" * 200),
        ("文" * 170, "文" * 170),
        ("*甲*", "*甲*"),
        ("/2024/第1号.v2", "/2024/第1号.v2"),
    ],
)
def test_ids_are_kept(identifier: object, read: str) -> None:
    """Text or whole number, up to 200 characters and 512 bytes."""
    assert article(id=identifier).id == read


@pytest.mark.parametrize(
    "identifier", ["x" * 201, "a\nb", "a\x00b", "a\ud800b", "a\u2028b", True, 1.5, ["1"]]
)
def test_unusable_ids_are_refused(identifier: object) -> None:
    """Too long, with control characters, or no text at all."""
    assert set(refused(id=identifier).field_errors) == {"id"}


@pytest.mark.parametrize("identifier", ["***", "—", "___", "[]", "（）", "㎡", "😀", ".", "\u200b"])
def test_ids_need_a_letter_or_digit(identifier: str) -> None:
    """Nothing else of an id is searched for: a rebuild would not find the article at its last check."""
    error = refused(id=identifier)

    assert set(error.field_errors) == {"id"}
    assert repr(identifier) in error.message


@pytest.mark.parametrize("identifier", ["a/../b", "./a", "文/.."])
def test_ids_keep_their_place_in_an_address(identifier: str) -> None:
    """A browser removes ``.`` and ``..`` from a URL, and would request another article."""
    assert set(refused(id=identifier).field_errors) == {"id"}


@pytest.mark.parametrize("identifier", ["文" * 171, "文" * 200, "𠮷" * 129])
def test_ids_have_at_most_512_bytes(identifier: str) -> None:
    """A limit of one engine is a fault of the record for both, with the size and the limit."""
    message = refused(id=identifier).message
    assert str(len(identifier.encode())) in message
    assert "512" in message


@pytest.mark.parametrize("value", ["***", "—", "……", "😀"])
def test_other_keys_need_no_letter(value: str) -> None:
    """Title, code and 文号 do not identify an article."""
    read = article(title=value, code=value, document_number=value)

    assert (read.title, read.code, read.document_number) == (value, value, value)


def test_the_limits_are_named() -> None:
    """A value that is too long is refused with its length and the limit."""
    assert "200" in refused(id="9" * 201).message
    assert "5000001" in refused(body="字" * 5_000_001).message
    assert "1000" in refused(title="题" * 1001).message


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024", "2024"),
        (2024, "2024"),
        ("2024年", "2024"),
        ("2024-03", "2024-03"),
        ("2024年3月", "2024-03"),
        ("2024/3", "2024-03"),
        ("2024-03-05", "2024-03-05"),
        ("2024/3/5", "2024-03-05"),
        ("2024.3.5", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("２０２４年３月５日", "2024-03-05"),
        ("2024 年 3 月 5 日", "2024-03-05"),
        ("2024-03-05 08:30:00", "2024-03-05"),
        ("2024/3/5 8:30", "2024-03-05"),
        ("2024-03-05T08:30:00.000+08:00", "2024-03-05"),
        ("2024-03-05T08:30:00Z", "2024-03-05"),
        ("2024-02-29", "2024-02-29"),
        ("0000-00-00 00:00:00", None),
        ("二〇二四年三月五日", "2024-03-05"),
        ("二○二四年十二月二十一日", "2024-12-21"),
        ("二零二四年十月", "2024-10"),
        ("2024年3月5日 星期二", "2024-03-05"),
        ("2024年03月05日发布", "2024-03-05"),
        ("2024-03-05 上午10:00", "2024-03-05"),
        ("20240305093000", "2024-03-05"),
        ("Mar 5, 2024", "2024-03-05"),
        ("Tue, 05 Mar 2024 23:30:00 +0800", "2024-03-05"),
        ("45356", "2024-03-05"),
        (45356.375, "2024-03-05"),
        (1709568000, "2024-03-05"),
        ("1709567999999", "2024-03-04"),
        ("不详", None),
        ("—", None),
    ],
)
def test_dates_become_iso(written: object, iso: str | None) -> None:
    """As precise as the source has them; the time of day is dropped. Numbers are those of Excel and Unix."""
    assert article(date=written).date == iso


@pytest.mark.parametrize(
    "written",
    [
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024年4月31日",
        "近日",
        "24-3-5",
        17096000,
        "一九九八年十十月",
        "民国三十八年",
        True,
        "2024-03-05 起",
        "05/03/2024",
    ],
)
def test_impossible_dates_are_faults(written: object) -> None:
    """A day that does not exist, or something that is no date, is refused with the value."""
    error = refused(date=written)

    assert set(error.field_errors) == {"date"}
    assert str(written) in error.message


@pytest.mark.parametrize(
    ("written", "read"),
    [("1,234,567", 1234567), ("１２３", 123), (12.0, 12), ("12.0", 12), ("0", 0)],
)
def test_numbers_may_be_text(written: object, read: int) -> None:
    """Thousands separators, full-width digits and a spreadsheet's ``.0`` are read."""
    assert article(views=written).views == read


@pytest.mark.parametrize(
    "written", [-1, "-1", "12,34", 1.5, "1e3", True, "约300", "9" * 40, 2**62, [1]]
)
def test_other_numbers_are_faults(written: object) -> None:
    """Negative, broken, fractional and too large ones are refused."""
    assert set(refused(views=written).field_errors) == {"views"}


def test_an_unknown_audience_is_never_public() -> None:
    """A word that is no audience costs the record; absent means public."""
    assert set(refused(audience="领导").field_errors) == {"audience"}
    assert article().audience is Audience.PUBLIC


@pytest.mark.parametrize(
    ("title", "code", "rest"),
    [
        ("C1212叠加资源优势 做强县域经济", "C1212", "叠加资源优势 做强县域经济"),
        ("B1890 推进小区规范管理", "B1890", "推进小区规范管理"),
        ("Ｃ１２１２叠加优势", "C1212", "叠加优势"),
        ("Ａ190　关于提升能力", "A190", "关于提升能力"),
        ("C1300“一网统管”的探索", "C1300", "“一网统管”的探索"),
        ("D7 会议讲话", "D7", "会议讲话"),
    ],
)
def test_a_code_is_split_off_its_title(title: str, code: str, rest: str) -> None:
    """A letter with one to six digits before a Han character or a blank, in any width."""
    assert (article(title=title).code, article(title=title).title) == (code, rest)


@pytest.mark.parametrize(
    "title",
    [
        *(
            "G20峰会服务保障方案",
            "C919客机总装基地调研",
            "G318国道沿线整治",
            "A4纸采购规范",
            "Q3季度小结",
            "G60科创走廊",
        ),
        *(
            "5G产业规划",
            "AI赋能基层",
            "H7N9防控",
            "C1234567整治",
            "c1212叠加",
            "B1890",
            "B1890-2号",
            "VI系统",
        ),
    ],
)
def test_titles_without_a_code_stay_whole(title: str) -> None:
    """Names that begin like a code, seven digits, small letters, and a code with no title behind it."""
    assert split_code(title) == (None, title)


@pytest.mark.parametrize(
    ("given", "issuers"),
    [
        ("财政部 住房城乡建设部", ("财政部", "住房城乡建设部")),
        ("中共清源县委、清源县人民政府", ("中共清源县委", "清源县人民政府")),
        ("清源县人民政府 办公室", ("清源县人民政府 办公室",)),
        ("World Bank", ("World Bank",)),
        (["县委", "县政府", " ", "县委"], ("县委", "县政府")),
        (["财政部&nbsp;教育部"], ("财政部", "教育部")),
        ("", ()),
    ],
)
def test_a_joint_issue_has_several_issuers(given: object, issuers: tuple[str, ...]) -> None:
    """A list, or names of organs in one line; what may be one name stays one."""
    assert article(issuer=given).issuers == issuers


@pytest.mark.parametrize(
    ("given", "attachments"),
    [
        ("名册 https://x.cn/1.doc\n考核表", [("名册", "https://x.cn/1.doc"), ("考核表", None)]),
        ({"title": "名册", "href": "/1.doc"}, [("名册", "/1.doc")]),
        ([{"url": "https://x.cn/a/1.doc"}], [("1.doc", "https://x.cn/a/1.doc")]),
        ([{"name": "<b>名册</b>"}, {"name": ""}], [("名册", None)]),
    ],
)
def test_attachments_are_names_with_addresses(
    given: object, attachments: list[tuple[str, str | None]]
) -> None:
    """As lines, objects, or a list of these."""
    read = article(attachments=given).attachments
    assert [(one.name, one.url) for one in read] == attachments


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x.cn/1", "data:text/html,x", "a b"])
def test_an_attachment_has_an_address_of_the_web(url: str) -> None:
    """Any other is a fault, not a link."""
    assert set(refused(附件=[{"name": "名册", "url": url}]).field_errors) == {"attachments"}


def test_lists_have_a_limit() -> None:
    """A thousand entries."""
    for name in ("keywords", "outline", "issuer", "attachments"):
        assert "1001" in refused(**{name: ["甲"] * 1001}).field_errors[name]


def test_a_separate_code_leaves_the_title_unchanged() -> None:
    """Only a title without a code of its own is split."""
    read = article(code="X9", title="C1212叠加优势")

    assert (read.code, read.title) == ("X9", "C1212叠加优势")


@given(length=st.integers(0, 120), body=st.text(st.sampled_from("关于治理。，ab\n"), max_size=100))
def test_a_free_length_is_a_prefix_of_the_clean_body(length: int, body: str) -> None:
    """Guests read a verbatim beginning of what members read, never longer than the source allows."""
    read = article(body=f"{body}末尾", free_length=length)

    assert read.preview is None or read.body.startswith(read.preview)
    assert len(read.body if read.preview is None else read.preview) <= length


HTML = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<a href='x'>", "<br/>", "<td", ">"),
            *("&nbsp;", "&lt;", "&am", "p;", "<!--", "-->", "<script>", "</script>", "[NextPage]"),
            *("一、总体要求", "坚持稳中求进。", "\n", "　　", "a<b", "青山镇网格化治理工作总结"),
            "以上为免费阅读内容,如需阅读全文,请先登陆",
        ]
    ),
    max_size=12,
).map("".join)


@given(head=HTML, tails=st.tuples(HTML, HTML))
def test_what_guests_read_does_not_depend_on_the_rest(head: str, tails: tuple[str, str]) -> None:
    """Two bodies that part only behind the free length have the same preview, never a longer one."""
    one, other = (article(body=f"{head}文{tail}末", free_length=len(head)) for tail in tails)

    assert one.preview is not None
    assert one.preview == other.preview
    assert len(one.preview) <= len(head)


@pytest.mark.parametrize(
    "tail", ["末尾", "</p><p>以上为免费阅读内容,如需阅读全文,请先登陆</p>", "&nbsp;"]
)
def test_a_free_length_counts_the_characters_of_the_source(tail: str) -> None:
    """Markup counts as characters, and a tag or an entity that is cut is left out."""
    body = f"<p>坚持党建引领</p><p style='color:red'>推动&ldquo;三治&rdquo;融合{tail}"

    assert article(body=body, free_length=9).preview == "坚持党建引领"
    assert article(body=body, free_length=24).preview == "坚持党建引领"
    assert article(body=body, free_length=39).preview == "坚持党建引领\n推动"


def test_a_blank_preview_leaves_it_to_the_free_length() -> None:
    """Only a preview that is not blank outweighs the free length."""
    assert article(preview=" ", free_length=6).preview == BODY[:6]
    assert article(预览="", 免费字数="6").preview == BODY[:6]


def test_other_names_of_body_and_preview_are_not_published() -> None:
    """A second column of bodies or previews may contain paid text: it is dropped."""
    names: dict[str, object] = {"内容": "丙", "post_content": {"rendered": "己"}, "full text": "庚"}
    read = article(preview="一、基本情况", 正文="甲", 全文="乙", 预览="丁", 试读="戊", **names)

    assert (read.body, read.preview, read.extra) == (BODY, "一、基本情况", {})
    record = {"id": "1", "title": "防汛预案", "内容": "甲", "正文": "乙", "地区": "柳河"}
    other = article_of(record, cleaning=Cleaning())
    assert (other.body, other.extra) == ("乙", {"地区": "柳河"})


MISSPELT = {
    "preview": "previw perview review prewiew Previews preview1 preview_text previewHtml free_preview"
    " free-text ｐｒｅｖｉｅｗ 預覽 览预 预揽 预览内容 文章预览 试看 免费内容 免费阅读",
    "free_length": "free_lenght freelength freeLength free-length free.length FREE_LENGHT free_len"
    " freeChars free_words 免費字數 免费字 免费字节 试看字数 费免字数",
    "audience": "audiance audince audiences Audeince target_audience audience_level visibility 受重"
    " 受众群体 可見範圍 可见范国 可见人群 阅读权限 meta.audience meta.audiance",
}


@pytest.mark.parametrize("value", ["一、基本情况", "", 100, ["甲"]])
@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for field in MISSPELT for name in MISSPELT[field].split()]
)
def test_a_misspelt_name_that_protects_is_a_fault(name: str, field: str, value: object) -> None:
    """Taken for a further field it would publish the text, and be published: both names are named."""
    error = refused(**{name: value})

    assert set(error.field_errors) == {name}
    assert any(other in error.field_errors[name] for other in (field, *ALIASES[field]))


@pytest.mark.parametrize("inner", ["audience", "受众", "preview", "previw", "freeLength"])
def test_a_name_that_protects_within_another_field_is_a_fault(inner: str) -> None:
    """There it protects nothing, at any depth; other fields may contain anything else."""
    for value in ({inner: "member"}, [{"a": [{inner: "member"}]}]):
        assert set(refused(meta=value).field_errors) == {f"meta.{inner}"}
    assert article(meta={"地区": ["柳河"]}).extra == {"meta": {"地区": ["柳河"]}}


@pytest.mark.parametrize("name", ["free length", "预览 ", " preview", "受 众", "可见 范围"])
def test_blanks_in_a_name_publish_nothing(name: str) -> None:
    """Around a name they are nothing; within one they are a slip."""
    if known_field(name.strip()):
        assert article(**{name: ""}).preview == ""
    else:
        assert set(refused(**{name: "1"}).field_errors) == {name}


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("titel", "title"),
        ("auther", "author"),
        ("documentNumbr", "document_number"),
        ("catagory", "category"),
        ("versoin", "version"),
        ("dates", "date"),
        ("ulr", "url"),
        ("發文字號", "发文字号"),
        ("发文机构", "发文机关"),
        ("contents", "body"),
        ("正文部分", "body"),
    ],
)
def test_other_misspelt_names_are_counted(name: str, like: str) -> None:
    """The record is taken, the field is kept, and its name is counted with the one that it is like."""
    notes = Notes()
    for _ in range(2):
        record = {"id": "1", "title": "防汛预案", "body": BODY, name: "甲"}
        read = article_of(record, cleaning=Cleaning(), notes=notes)
        assert read.extra == {name: "甲"}

    assert notes.similar == {(name, like): 2}


# Of the tables of three systems and of catalogues of government sites.
ORDINARY = """
source tags region views_count reviewer abstract description salt source_url
classid onclick newspath filename isurl truetime lastdotime groupid userfen titleurl stb newstime ftitle
smalltext_id post_excerpt post_status comment_count guid language created_at updated_at pub_time pubDate
docNo thumbnail preview_image preview_url word_count content_type text_length subtitle slug uuid stats
地区 来源 责任编辑 预算 浏览 预览图 湿度 有效性 体裁分类 索引号
公开方式 公开范围 公开形式 点击数 留言标题 留言时间 类型 置顶 承办单位 联系电话 免费电话 适用范围 受理单位
全文链接 原文网址 副标题 文件名 作者单位 发布人 签发日期 成文时间 废止日期 政策级别
"""


def test_ordinary_names_are_like_no_other() -> None:
    """Other fields of real tables are accepted without a note."""
    others = [name for name in ORDINARY.split() if known_field(name) is None]
    assert len(others) > 60
    assert [name for name in others if likely_field(name)] == []


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Content", "body"),
        ("文章 内容", "body"),
        ("pubDate", "date"),
        ("PUB_TIME", "date"),
        ("publish-date", "date"),
        ("docNo", "document_number"),
        ("documentNumber", "document_number"),
        ("留言标题", "title"),
        ("标题*", "title"),
        ("发布机构", "issuer"),
        ("原文链接", "url"),
        ("source", None),
        ("来源", None),
        ("受 众", None),
        ("freeLength", None),
    ],
)
def test_usual_names_of_columns(name: str, field: str | None) -> None:
    """Case, blanks and hyphens do not count, except in names that protect: those are refused if misspelt."""
    assert known_field(name) == field


@pytest.mark.parametrize("protection", [{"preview": "一、"}, {"preview": ""}, {"免费字数": "3"}])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contents", "甲"),
        ("text_full", "甲"),
        ("content_post", {"rendered": "甲"}),
        ("bodyHtml", "<p>甲</p>"),
        ("body2", "甲"),
        ("正文2", "甲"),
        ("正文部分", "甲"),
        ("付费部分", ["甲"]),
        ("会员内容", "甲"),
    ],
)
def test_a_second_body_beside_a_preview_is_a_fault(
    protection: dict[str, object], name: str, value: object
) -> None:
    """Further fields are returned to everyone, and this one may contain paid text."""
    assert set(refused(**protection, **{name: value}).field_errors) == {name}
    assert article(**protection, **{name: " " if isinstance(value, str) else None}).extra == {}


def test_names_are_shown_short_and_few() -> None:
    """Whatever a source has as a name, it neither breaks a line nor fills the memory."""
    (shown,) = refused(**{f"prev{'-' * 5_000}iew": "甲"}).field_errors
    assert len(shown) <= 61
    (shown,) = refused(**{"prev\n\x1biew": "甲"}).field_errors
    assert shown.isprintable()
    notes = Notes()
    for number in range(1_100):
        record = {"id": "1", "title": "防汛预案", "body": BODY, f"auther{number}\n": "甲"}
        article_of(record, cleaning=Cleaning(), notes=notes)
    assert len(notes.similar) == 1_000
    assert all(name.isprintable() and len(name) <= 60 for name, _ in notes.similar)


def test_a_second_text_that_is_left_out_is_counted() -> None:
    """Where it differs from the one that counts."""
    notes = Notes()
    record = {"id": "1", "title": "防汛预案", "body": "甲", "正文": "乙", "全文": "甲"}

    assert article_of(record, cleaning=Cleaning(), notes=notes).body == "甲"
    assert notes.ignored_texts == {"正文": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"audience": "public", "受众": "内部"},
        {"受众": "公开", "可见范围": "会员"},
        {"Audience": "staff", "audience": "public"},
        {"free_length": 1000, "免费字数": 10},
        {"Preview": "", "preview": "一、基本情况"},
    ],
)
def test_protection_that_contradicts_itself_is_a_fault(values: dict[str, object]) -> None:
    """It is unknown which of the two is right."""
    assert refused(**values).field_errors
    same = {name: next(iter(values.values())) for name in values}
    assert article(**same).title


@pytest.mark.parametrize("body", ["", "<p>&nbsp;</p>", None, ["甲"]])
def test_a_good_preview_does_not_save_a_faulty_body(body: object) -> None:
    """A record is one whole: with a body that is empty or faulty it is a fault, preview or not."""
    assert set(refused(body=body, preview="一、基本情况").field_errors) == {"body"}


def test_a_preview_outweighs_a_free_length() -> None:
    """What the source publishes verbatim is taken as it is, gaps included."""
    read = article(preview="一、基本情况\n……\n坚持党建引领", free_length=3)

    assert read.preview == "一、基本情况\n……\n坚持党建引领"


@pytest.mark.parametrize("preview", ["", "  ", "以上为免费阅读内容,如需阅读全文,请先登陆"])
def test_an_empty_preview_publishes_nothing(preview: str) -> None:
    """Given but empty, before or after cleaning, is not the same as absent: guests read nothing."""
    assert article(preview=preview).preview == ""
    assert article(预览=preview).preview == ""
    assert article(preview=None).preview is None


def test_body_and_preview_are_cleaned_alike() -> None:
    """What a portal hangs around the free part goes, so that the preview is a piece of the body."""
    title = "青山镇网格化治理工作总结"
    page = f"<p>{title}</p><p>&emsp;&emsp;全镇&ldquo;一张网&rdquo;运行。</p>"
    counts: Counter[str] = Counter()

    read = article_of(
        {
            "id": "1",
            "title": title,
            "body": page + "<p>下步打算。</p>",
            "preview": page + "<p>以上为免费阅读内容,如需阅读全文,请先登陆</p>",
        },
        cleaning=Cleaning(),
        counts=counts,
    )

    assert read.body == "全镇“一张网”运行。\n下步打算。"
    assert read.preview == "全镇“一张网”运行。"
    assert counts == {"markup": 1, "indentation": 1, "repeated-title": 1, "login-notice": 1}


def test_what_no_database_stores_is_removed() -> None:
    """NUL and lone surrogates vanish from every field, also from deep inside further ones."""
    read = article(
        title="治理\x00总结", body="正\ud83d文", extra_field={"a\x00": ["b\udc00", float("nan")]}
    )

    assert (read.title, read.body) == ("治理总结", "正文")
    assert read.extra == {"extra_field": {"a": ["b", None]}}


RECORDS = st.dictionaries(
    st.sampled_from(sorted(ALIASES)) | st.text(max_size=5),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=3), max_size=2),
)


@given(values=RECORDS)
def test_any_record_is_an_article_or_a_bad_record(values: dict[str, object]) -> None:
    """No input raises anything else, and every article has an id, a title and a body."""
    faults: object = None
    try:
        read = article_of(values, cleaning=Cleaning())
        whole = all((read.id, read.title, read.body))
    except BadRecord as error:
        whole, faults = False, error.field_errors

    assert whole or faults
