"""What the route of values answers: one of an execution, whole or a part of it."""

from codecs import getincrementaldecoder
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.shown import ANY_FITS, fits_answer
from chalicelib.core.values.errors import AnswerTooLargeError, InvalidError, ValueChangedError
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.core.values.value import value
from chalicelib.ports import Clock
from chalicelib.usecases.values import DownloadService, EntryKey, HeldValue, ValueService, held

MAX_PART = LIMITS.answer_part_bytes
MAX_ANSWER = LIMITS.answer_bytes


def execution_link(tenant_id: str, execution_id: str, entry: EntryKey | None = None) -> Callable[[str], str]:
    """Make what links to the values of an execution, or of an entry of its history."""
    more = {} if entry is None else {"entry": str(entry)}
    return lambda place: value_link(f"/sedo/tenants/{tenant_id}/executions/{execution_id}/values", place, **more)


def value_link(route: str, place: str, **more: str) -> str:
    """Link to a value at a place."""
    return f"{route}?{urlencode({**more, 'at': place}, quote_via=quote, safe='/')}"


@value
class ValueApi:
    """The route, over the use case."""

    support: ApiSupport
    values: ValueService
    clock: Clock
    downloads: DownloadService | None

    @web.operation
    def read_value(self, request: ApiRequest) -> Response:
        """Read a value."""
        self.support.conditions.require(request, "read")
        entry = request.query["entry"]
        found = self.values.read(*request.place, request.query["at"], None if entry is None else EntryKey.parse(entry))
        return value_answer(request, found, self.clock.now(), self.downloads)


def value_answer(
    request: ApiRequest, found: HeldValue, now: datetime, downloads: DownloadService | None = None
) -> Response:
    """Answer with a value, what an expression finds in it, or the part from an offset on.

    What is larger than an answer is where ``downloads`` say, if there are any.

    Raises:
        ValueChangedError: it is not the value that is asked for.
        InvalidError: the expression is wrong, or the offset.
        AnswerTooLargeError: it is larger than an answer, and there are no downloads.
    """
    wanted, path, offset = (request.query[name] for name in ("sha256", "path", "offset"))
    sha256 = found.reference.sha256
    if wanted not in {None, sha256}:
        raise ValueChangedError("it is another one by now: leave sha256 out to read what is there now")
    if path is not None:
        tenant = request.path["tenantId"]
        found = held(tenant, encode(_evaluated(path, decode(found.text()), now)))
    if offset is not None:
        return _stretch(request, found, offset, sha256)
    text = found.text().decode() if found.size <= MAX_ANSWER else ""
    if text and fits_answer(text):
        return Response(text, {"Content-Type": "application/json"})
    if downloads is None:
        raise AnswerTooLargeError(
            f"the value has {found.size:,} bytes of JSON, more than an answer holds: read it in parts, with offset=0 "
            'and then by the Link headers with rel="next", or only what an expression finds in it, with path=…'
        )
    return Response("", {"Location": downloads.link(request.path["tenantId"], found)}, HTTPStatus.SEE_OTHER)


def _evaluated(text: str, given: Json, now: datetime) -> Json:
    """Evaluate an expression over a value, within the budget of a template."""
    from chalicelib.core.expressions.expression import ExpressionError, read_expression  # noqa: PLC0415 - few ask
    from chalicelib.core.expressions.interpreter import Interpreter  # noqa: PLC0415 - the same
    from chalicelib.core.values.errors import TemplateError  # noqa: PLC0415 - the same

    try:
        return Interpreter(given, now, text).evaluate(read_expression(text))
    except ExpressionError as error:
        raise InvalidError(f"path: {error} at column {error.offset + 1}") from None
    except TemplateError as error:
        raise InvalidError(f"path: {error}") from None


def _stretch(request: ApiRequest, found: HeldValue, offset: int, sha256: str) -> Response:
    """Answer with the text from an offset on, as much as an answer holds, and a link to the next part."""
    if offset >= found.size:
        raise InvalidError(f"offset is less than {found.size}, the bytes of the value")
    content = found.read(offset, min(offset + MAX_PART, found.size))
    text = _decoded(content, offset)
    if not fits_answer(text):
        text = _decoded(content[:ANY_FITS], offset)
    following = offset + len(text.encode())
    headers: dict[str, str | list[str]] = {"Content-Type": "text/plain; charset=utf-8"}
    if following < found.size:
        query = urlencode({**request.asked, "offset": following, "sha256": sha256}, quote_via=quote, safe="/")
        headers["Link"] = f'<{request.http.context["path"]}?{query}>; rel="next"'
    return Response(text, headers)


def _decoded(content: bytes, offset: int) -> str:
    """Decode a part, without the beginning of a character at its end."""
    try:
        return getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        raise InvalidError(f"offset {offset} is inside of a character: take it from the Link of a part") from None
