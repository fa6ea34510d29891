"""What an article's page says of itself to programs: search engines, and what shows a link to it.

Entry point: :func:`about`. Only what guests may read, so that no cache or index learns more.
"""

from dataclasses import dataclass

from analyzers.normalize import normalize
from analyzers.relations import validity_of
from search_service.answers.presentation import opening
from search_service.model import View
from search_service.web.links import absolute, article_url

_DESCRIPTION = 120  # characters


@dataclass(frozen=True)
class About:
    """``canonical``: where the article is, in its portal or here. ``linked``: its JSON-LD, plain values."""

    canonical: str
    description: str
    linked: dict[str, object]


def about(view: View) -> About:
    """What the public view of an article says of itself, in the words of schema.org.

    Its type is Article: most documents are no legislation, and nobody knows which are. The issuers are the
    organisations on whose behalf the authors wrote; whether an author is a person is not known.
    """
    canonical, description = absolute(article_url(view)), opening(view, _DESCRIPTION)
    values: dict[str, object] = {
        "headline": view.title,
        "description": description,
        "datePublished": view.date,
        "identifier": view.document_number,
        "genre": view.kind,
        "articleSection": view.category,
        "creditText": view.author,
        "creativeWorkStatus": validity_of(view.status, normalize(view.title)),
    }
    linked = {
        "@context": "https://schema.org",
        "@type": "Article",
        "url": canonical,
        "mainEntityOfPage": canonical,
        "inLanguage": "zh-CN",
        "isAccessibleForFree": not view.gapped,
        **{name: value for name, value in values.items() if value},
    }
    if view.issuers:
        linked["sourceOrganization"] = [
            {"@type": "Organization", "name": name} for name in view.issuers
        ]
    return About(canonical, description, linked)
