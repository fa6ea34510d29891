"""Whether a query is nonsense. Entry points: :func:`is_gibberish`, :func:`is_scrambled`. Pure."""

from collections.abc import Callable, Mapping

from search_service import relevance
from search_service.query.parsed import Query


def is_gibberish(query: Query, frequencies: Mapping[str, int]) -> bool:
    """Whether most words are single characters or in no article, which is how nonsense is segmented.

    Never for conversational queries, nor for fewer than ``GIBBERISH_MIN_WORDS`` words. Words with synonyms
    are known.
    """
    if query.is_conversational or len(query.words) < relevance.GIBBERISH_MIN_WORDS:
        return False
    odd = sum(len(word) == 1 or not frequencies.get(word) for word in _without_synonyms(query))
    return 2 * odd > len(query.words)


def is_scrambled(query: Query, has_word: Callable[[str], bool]) -> bool:
    """Whether most words are single characters or in no dictionary, in more than a short phrase.

    Stricter than :func:`is_gibberish`: in 小孩下河游泳 are words, even if no article contains them; of 狗咬人
    a similar article may be right.
    """
    length = sum(len(chunk.text) for chunk in query.included)
    odd = sum(len(word) == 1 or not has_word(word) for word in _without_synonyms(query))
    return length >= relevance.SCRAMBLED_MIN_LENGTH and 2 * odd > len(query.words)


def _without_synonyms(query: Query) -> list[str]:
    known = {word for chunk in query.included for one in chunk.synonyms for word in one.words}
    return [word for word in query.words if word not in known]
