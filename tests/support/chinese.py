"""Hypothesis strategies for Chinese government writing: characters, sentences, bodies with outlines."""

from hypothesis import strategies as st

# Ordinary characters, rare ones, traditional ones and one beyond the first plane.
HAN = st.one_of(
    st.sampled_from("关于加强社区治理工作的通知人数最多使用环境优化营商一二三十零条章"),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    st.sampled_from("無區羣㐀鿿々𠀀"),
)
OTHER = st.sampled_from("abcXYZ0189ＡＢ１２，。；：！？、“”（）()[]〔〕【】 　\n\t.-—…①⑳%℃Ⅳİß")
TEXT = st.text(st.one_of(HAN, HAN, HAN, OTHER), max_size=300)
RUN = st.text(HAN, min_size=1, max_size=60)

MARKER = st.sampled_from(
    [
        "一、",
        "二、",
        "十一、",
        "（一）",
        "(二)",
        "（十二）",
        "1.",
        "２．",
        "3、",
        "（1）",
        "(2)",
        "①",
        "第一条 ",
        "第十二条　",
        "第一章 ",
        "第二节 ",
        "第三部分 ",
        "附件：",
        "附件1 ",
    ]
)
SENTENCE = st.builds(
    lambda run, end: run + end,
    st.text(HAN, min_size=1, max_size=120),
    st.sampled_from(["。", "；", "：", "，", "", "！"]),
)
PARAGRAPH = st.builds(
    lambda indent, marker, sentences: indent + marker + "".join(sentences),
    st.sampled_from(["", "　　", "  ", "\t", "## "]),
    st.one_of(st.just(""), MARKER),
    st.lists(st.one_of(SENTENCE, st.builds("".join, st.tuples(MARKER, SENTENCE))), max_size=8),
)
BODY = st.builds(
    lambda parts: "".join(part + gap for part, gap in parts),
    st.lists(
        st.tuples(PARAGRAPH, st.sampled_from(["\n", "\r\n", "\n\n", "\n　\n", " "])), max_size=25
    ),
)
