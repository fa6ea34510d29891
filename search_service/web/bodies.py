"""The bodies of requests. Entry point: :func:`json_object`."""

from collections.abc import Mapping
from typing import cast

from flask import json, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


def json_object(repeated: list[str]) -> Mapping[str, object]:
    """The JSON object of this request; names that it has more than once are appended to ``repeated``.

    Raises ``UnsupportedMediaType`` for another type, and ``BadRequest`` for what is no JSON object.
    """

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in pairs:
            if name in values:
                repeated.append(name)
            values[name] = value
        return values

    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = json.loads(request.get_data(), object_pairs_hook=once)
    except (ValueError, RecursionError) as exc:
        raise BadRequest from exc
    if not isinstance(body, dict):
        raise BadRequest
    return cast("Mapping[str, object]", body)
