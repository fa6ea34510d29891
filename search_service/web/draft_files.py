"""A draft as a file to download. Entry point: :func:`draft_file`."""

from collections.abc import Sequence

from flask import Response

from search_service.drafting.manuscript import Manuscript
from search_service.drafting.markdown import markdown
from search_service.drafting.references import Quoted, referenced, references
from search_service.web.links import absolute, article_url
from search_service.web.request import audience, service

MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown",
}


def draft_file(title: str, quoted: Sequence[Quoted], *, sources: str, file: str) -> Response:
    """The answer with the file. ``sources``: none, footnotes or list; ``file``: docx or md."""
    paragraphs = referenced(service(), quoted, audience(), lambda view: absolute(article_url(view)))
    manuscript = Manuscript(title, paragraphs)
    found = references(manuscript)
    footnotes, listed = sources == "footnotes", sources == "list"
    if file == "docx":
        from search_service.drafting.word_file import word_file

        data = word_file(manuscript, found, footnotes=footnotes, listed=listed)
        response = Response(data, content_type=MEDIA[file])
    else:
        text = markdown(manuscript, found, footnotes=footnotes, listed=listed)
        response = Response(text, content_type=f"{MEDIA[file]}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="draft.{file}"'
    return response
