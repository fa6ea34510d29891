"""Error handlers: RFC 9457 problem details under ``/api``, a Chinese page elsewhere.

Entry point: :func:`register`. Errors of the caller are explained in full; of internal errors the response has
only the id under which they are logged.
"""

from http import HTTPStatus

from flask import Flask, Response, json, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES  # those of the standard library vary with Python

from analyzers.messages import say
from search_service import logs
from search_service.errors import BadInput, GongwenError, NoIndex
from search_service.web.parameter_validation import BadParameters, ParameterError
from search_service.web.parameters import MAX_QUERY_STRING

# The largest draft is 20,000 characters: 180 kB when a form percent-encodes it.
MAX_BODY = 200_000
# Of a push: some hundred articles, or a book.
MAX_PUSH = 8_000_000
# Seconds after which a restarting engine or database, or a first index, is usually available.
_RETRY_SECONDS = 10
_log = logs.Log(__name__)


def register(app: Flask, *, api_prefix: str) -> None:
    """Register handlers for every error; paths under ``api_prefix`` get problem details."""

    def respond(status: int, code: str, detail: str, **members: object) -> Response:
        logs.add(code=code)
        if request.path == api_prefix or request.path.startswith(f"{api_prefix}/"):
            return problem(status, code, detail, **members)
        page = render_template(
            "error.html",
            status=status,
            code=code,
            retry=_RETRY_SECONDS,
            error_id=members.get("id"),
        )
        return Response(page, status)

    @app.errorhandler(GongwenError)
    def own_error(error: GongwenError) -> Response:
        members: dict[str, object] = {}
        detail = error.message
        if isinstance(error, BadInput):
            members["errors"] = _errors(error)
        if isinstance(error, NoIndex):
            detail = _no_index_detail()
        elif error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # The message is for operators: it names settings, hosts and paths.
            members["id"] = _log_error(error)
            detail = _internal_error_detail(str(members["id"]))
        response = respond(error.status, error.code, detail, **members)
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = str(_RETRY_SECONDS)
        return response

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response | HTTPException:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if status < HTTPStatus.BAD_REQUEST:  # a redirect
            return error
        code, detail = error_text(status, request.max_content_length or MAX_BODY)
        response = respond(status, code, detail)
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unexpected_error(error: Exception) -> Response:
        key = _log_error(error)
        return respond(
            HTTPStatus.INTERNAL_SERVER_ERROR, GongwenError.code, _internal_error_detail(key), id=key
        )


def problem(status: int, code: str, detail: str, **members: object) -> Response:
    """A response with problem details; the type ``about:blank`` means that the status is the type."""
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
    errors = (
        error.errors
        if isinstance(error, BadParameters)
        else [
            ParameterError.of(name, request.values.get(name), why)
            for name, why in error.field_errors.items()
        ]
    )
    return [
        {"parameter": one.parameter, "value": one.value, "reason": one.reason} for one in errors
    ]


def _log_error(error: Exception) -> str:
    """Log an internal error; return the id for the response, which is that of the request."""
    _log.failure("request-failed", error)
    return logs.current_request_id() or ""


def _internal_error_detail(key: str) -> str:
    return say(
        f"服务出错，已记录为 {key}；请稍后再试，或把编号告诉管理员",
        f"internal error, logged as {key}; try again later or give this id to the operator",
    )


def _no_index_detail() -> str:
    return say(
        "还没有可供检索的索引；请管理员运行 gongwen index 来源",
        "nothing has been indexed yet; the operator must run: gongwen index SOURCE",
    )


def error_text(status: int, limit: int = MAX_BODY) -> tuple[str, str]:
    """Code and message of an error detected by the framework or the server; ``limit`` of a body in bytes."""
    texts = {
        400: ("bad-request", "请求的格式不对；请求体应为 JSON 对象或表单",
              "malformed request; the body must be a JSON object or a form"),
        403: ("forbidden", "这个身份不能这样做；请用工作人员的密钥或登录",
              "not allowed to this caller; use the key or log-in of staff"),
        404: ("not-found", "没有这个地址；接口见 /api/v1/search",
              "not found; the API begins at /api/v1/search"),
        405: ("method-not-allowed", "这个地址不支持这种请求方法；可用的见 Allow 头",
              "method not allowed; see the Allow header"),
        408: ("request-timeout", "请求没有在时限内发完；请重新发送",
              "the request was not received in time; send it again"),
        413: ("too-large", f"请求体超过 {limit} 字节；请分段提交",
              f"the body is over {limit} bytes; send it in parts"),
        414: ("address-too-long", f"地址中 ? 之后超过 {MAX_QUERY_STRING} 字节；长文字请用 POST precedents",
              f"the query string is over {MAX_QUERY_STRING} bytes; for long texts use POST precedents"),
        415: ("unsupported-media-type", "请用 application/json 或表单提交",
              "send application/json or a form"),
        429: ("too-many-requests", "请求太频繁；请等 Retry-After 所说的秒数再试",
              "too many requests; wait as many seconds as Retry-After says"),
        431: ("headers-too-large", "请求行与请求头过长；长文字请用 POST",
              "request line and headers are too long; send long texts by POST"),
        500: (GongwenError.code, "服务出错；请稍后再试", "internal error; try again later"),
        501: ("not-implemented", "不支持这种 Transfer-Encoding；请用 Content-Length 或 chunked",
              "Transfer-Encoding not supported; use Content-Length or chunked"),
        503: ("busy", "请求太多，正在排队的已满；请稍后再试",
              "too many requests are waiting; try again later"),
    }  # fmt: skip
    if status in texts:
        code, zh, en = texts[status]
        return code, say(zh, en)
    phrase = HTTP_STATUS_CODES[status]
    return phrase.lower().replace(" ", "-"), phrase
