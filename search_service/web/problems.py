"""Every error as an answer: RFC 9457 problem details under ``/api``, a Chinese page elsewhere.

Entry point: :func:`register`. What a person did wrong is said in full; what broke inside is logged with
an id, and only the id is answered.
"""

from http import HTTPStatus

from flask import Flask, Response, json, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES  # those of the standard library change with Python

from analyzers.messages import say
from search_service import logs
from search_service.errors import BadInput, GongwenError, NoIndex
from search_service.web.faults import BadParameters, Fault
from search_service.web.parameters import MAX_QUERY_STRING

# The largest draft is 20,000 characters: 180 kB when a form percent-encodes it.
MAX_BODY = 200_000
# An engine or database that restarts, or a first index, takes about this long.
_RETRY_SECONDS = 10
_log = logs.Log(__name__)


def register(app: Flask, *, api_prefix: str) -> None:
    """Answer every error of the application; ``api_prefix`` is where problem details begin."""

    def answer(status: int, code: str, detail: str, **members: object) -> Response:
        logs.add(code=code)
        if request.path == api_prefix or request.path.startswith(f"{api_prefix}/"):
            return problem(status, code, detail, **members)
        page = render_template("error.html", status=status, code=code, error_id=members.get("id"))
        return Response(page, status)

    @app.errorhandler(GongwenError)
    def known(error: GongwenError) -> Response:
        members: dict[str, object] = {}
        detail = error.message
        if isinstance(error, BadInput):
            members["errors"] = _errors(error)
        if isinstance(error, NoIndex):
            detail = _no_index()
        elif error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # The message is for the operator: it names settings, hosts and paths.
            members["id"] = _logged(error)
            detail = _broken(str(members["id"]))
        response = answer(error.status, error.code, detail, **members)
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(_RETRY_SECONDS)
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response | HTTPException:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if status < HTTPStatus.BAD_REQUEST:  # a redirect is no error
            return error
        code, detail = refusal(status)
        response = answer(status, code, detail)
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        key = _logged(error)
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, GongwenError.code, _broken(key), id=key)


def problem(status: int, code: str, detail: str, **members: object) -> Response:
    """Problem details; ``about:blank`` says that the status itself is the type of the problem."""
    body = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def _errors(error: BadInput) -> list[dict[str, str | None]]:
    faults = (
        error.errors
        if isinstance(error, BadParameters)
        else [
            Fault.of(name, request.values.get(name), why)
            for name, why in error.field_errors.items()
        ]
    )
    return [
        {"parameter": fault.parameter, "value": fault.value, "reason": fault.reason}
        for fault in faults
    ]


def _logged(error: Exception) -> str:
    """Log what broke; the id to answer, which is that of the request."""
    _log.failure("request-failed", error)
    return logs.current_request_id() or ""


def _broken(key: str) -> str:
    return say(
        f"服务出错，已记录为 {key}；请稍后再试，或把编号告诉管理员",
        f"the service broke, logged as {key}; try again later or tell the operator this id",
    )


def _no_index() -> str:
    return say(
        "还没有可供检索的索引；请管理员运行 gongwen index 来源",
        "nothing has been indexed yet; the operator runs: gongwen index SOURCE",
    )


def refusal(status: int) -> tuple[str, str]:
    """Code and detail of an error that the framework or the server found."""
    texts = {
        400: ("bad-request", "请求的格式不对；请求体应为 JSON 对象或表单",
              "malformed; the body is a JSON object or a form"),
        404: ("not-found", "没有这个地址；接口见 /api/v1/search",
              "no such address; the API begins at /api/v1/search"),
        405: ("method-not-allowed", "这个地址不支持这种请求方法；可用的见 Allow 头",
              "the address does not take this method; the Allow header names those it takes"),
        408: ("request-timeout", "请求没有在时限内发完；请重新发送",
              "the request did not come in time; send it again"),
        413: ("too-large", f"请求体超过 {MAX_BODY} 字节；请分段提交",
              f"the body is over {MAX_BODY} bytes; send it in parts"),
        414: ("address-too-long", f"地址中 ? 之后超过 {MAX_QUERY_STRING} 字节；长文字请用 POST precedents",
              f"over {MAX_QUERY_STRING} bytes behind the ?; for long texts use POST precedents"),
        415: ("unsupported-media-type", "请用 application/json 或表单提交",
              "send application/json or a form"),
        431: ("headers-too-large", "请求行与请求头过长；长文字请用 POST",
              "request line and headers are too long; send long texts by POST"),
        500: (GongwenError.code, "服务出错；请稍后再试", "the service broke; try again later"),
        501: ("not-implemented", "不支持这种 Transfer-Encoding；请用 Content-Length 或 chunked",
              "no such Transfer-Encoding here; use Content-Length or chunked"),
        503: ("busy", "请求太多，正在排队的已满；请稍后再试",
              "too many requests are waiting; try again later"),
    }  # fmt: skip
    if status in texts:
        code, zh, en = texts[status]
        return code, say(zh, en)
    phrase = HTTP_STATUS_CODES[status]
    return phrase.lower().replace(" ", "-"), phrase
