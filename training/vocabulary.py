"""The student's tokens: those of the teacher that occur in official writing.

Entry points: :func:`choose`, :func:`pruned`.
"""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from tokenizers import Tokenizer

# [PAD] [UNK] [CLS] [SEP] [MASK] of the teacher.
MARKS = (0, 100, 101, 102, 103)
UNKNOWN = 1  # the place of [UNK] among them
LEAST = 2  # nothing is learned from a token that occurs once
_BATCH = 500


def choose(tokenizer: Tokenizer, texts: Iterable[str]) -> list[int]:
    """The ids of the teacher's tokens that occur in the texts, special tokens first."""
    counts: Counter[int] = Counter()
    left = iter(texts)
    tokenizer.no_truncation()
    while batch := list(islice(left, _BATCH)):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            counts.update(encoding.ids)
    found = sorted(token for token, count in counts.items() if count >= LEAST)
    return [*MARKS, *(token for token in found if token not in MARKS)]


def pruned(tokenizer: Tokenizer, tokens: list[int]) -> str:
    """The tokenizer as JSON with only these tokens, numbered in their order."""
    content = json.loads(tokenizer.to_str())
    names = {number: name for name, number in content["model"]["vocab"].items()}
    places = {token: place for place, token in enumerate(tokens)}
    content["model"]["vocab"] = {names[token]: place for token, place in places.items()}
    content["truncation"] = content["padding"] = None
    for added in content["added_tokens"]:
        added["id"] = places[added["id"]]
    _renumber(content["post_processor"], places)
    # Not indented: nobody reads seven thousand lines.
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _renumber(part: Any, places: dict[int, int]) -> None:  # JSON of any form
    if isinstance(part, dict):
        if "tokens" in part and "ids" in part:
            part["ids"] = [places[number] for number in part["ids"]]
        for inner in part.values():
            _renumber(inner, places)
    elif isinstance(part, list):
        for inner in part:
            _renumber(inner, places)
