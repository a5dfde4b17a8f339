"""The answer to an HTTP request, as the result or the error of a step."""

import base64
import codecs
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.charsets import decode_text, is_charset
from chalicelib.core.values.errors import MalformedError, StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value
from chalicelib.engine.room import ReadJson

SHOWN = LIMITS.http_error_bytes
HEADERS = LIMITS.http_header_bytes

_CHUNK = 64 * 1024
_GZIP = 31
"""What zlib calls gzip (zlib manual, "inflateInit2")."""
_SPACE = re.compile(r"[\t\n\r ]+")
_TEXTS = frozenset(
    f"application/{kind}"
    for kind in ("ecmascript", "graphql", "javascript", "sql", "toml", "x-www-form-urlencoded", "xml", "yaml")
)


@value
class HttpAnswer:
    """What came back."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """By names in lower case."""
    content: bytes
    charset: str | None
    complete: bool = True
    """Whether the content is all of it."""


def receive(
    response: HTTPResponse, statuses: Sequence[int | str], most: int, arrived: Callable[[int], None]
) -> HttpAnswer:
    """Receive the body of an answer, unpacked: at most so many bytes, or the first 16 KB if it is not expected.

    ``arrived`` is told how many bytes there are, before more of them are read.

    Raises:
        StepError: ``http.TooLarge``, or ``http.BadAnswer`` if it cannot be unpacked.
        OSError, HTTPException: the connection broke.
    """
    headers = _header_fields(response)
    expected = is_expected(response.status, statuses)
    content, complete = b"", False
    try:
        content, complete = _collect(
            response, headers.get("content-encoding", ""), most if expected else SHOWN, arrived
        )
    except StepError:
        if expected:
            raise
    if expected and not complete:
        raise StepError(
            beyond("http_answer_bytes", f"the answer is larger than {most:,} bytes"), "http.TooLarge", unanswered=True
        )
    headers.pop("set-cookie", None)
    charset = response.headers.get_content_charset()
    return HttpAnswer(
        status=response.status,
        reason=response.reason,
        headers=headers,
        content=content,
        charset=charset,
        complete=complete,
    )


def _header_fields(response: HTTPResponse) -> dict[str, str]:
    """Read the header fields by their names in lower case, with those of one name joined.

    Raises:
        StepError: ``http.TooLarge``.
    """
    headers: dict[str, str] = {}
    if sum(len(name) + len(value) for name, value in response.getheaders()) > HEADERS:
        raise StepError(
            beyond("http_header_bytes", f"the headers of the answer are larger than {HEADERS:,} bytes"),
            "http.TooLarge",
            unanswered=True,
        )
    for name, text in response.getheaders():
        flat = _SPACE.sub(" ", text).strip(" ")
        headers[name.lower()] = f"{headers[name.lower()]}, {flat}" if name.lower() in headers else flat
    return headers


def is_expected(status: int, statuses: Sequence[int | str]) -> bool:
    """Tell whether a status is among codes (``200``) and classes (``2xx``)."""
    return any(str(each) in {str(status), f"{status // 100}xx"} for each in statuses)


def result(answer: HttpAnswer, mode: str, read_json: ReadJson) -> Json:
    """Write an answer as ``{status, headers, body}``.

    Args:
        answer: the answer.
        mode: how to read its body: ``json``, ``text``, ``base64``, or ``auto``, as its content type says.
        read_json: reads JSON.

    Raises:
        StepError: ``http.BadAnswer``: its body cannot be read like that; the details have its beginning as text.
    """
    mode = _mode(answer) if mode == "auto" else mode
    try:
        return {"status": answer.status, "headers": dict(answer.headers), "body": _body(answer, mode, read_json)}
    except StepError as error:
        shown = answer.content[:SHOWN].decode(errors="replace")
        details: Json = {"status": answer.status, "headers": dict(answer.headers), "body": shown}
        raise StepError(str(error), error.name, details, unanswered=True) from error


def failure(answer: HttpAnswer, origin: str, read_json: ReadJson, now: datetime) -> StepError:
    """Make the error of an answer that is not expected."""
    mode = _mode(answer)
    if mode == "json" and not answer.complete:
        mode = "text"
    try:
        body = _body(answer, mode, read_json)
    except StepError:
        body = codecs.getincrementaldecoder("utf-8")("replace").decode(answer.content, final=answer.complete)
    details: Json = {"status": answer.status, "headers": dict(answer.headers), "body": body}
    message = f"{origin} answered {answer.status} {answer.reason}".rstrip()
    wait = retry_after(answer.headers.get("retry-after", ""), now)
    return StepError(message, f"http.Status.{answer.status}", details, wait)


_LONGEST_PAUSE = 1e9
"""Seconds: more is no time that anybody means."""


def retry_after(text: str, now: datetime) -> float | None:
    """Read ``Retry-After``, seconds or a date (RFC 9110, section 10.2.3), as seconds from now; None: it is neither.

    Fractions of a second are read, too, as some servers write them.
    """
    if re.fullmatch(r"[0-9]{1,30}(\.[0-9]{1,30})?", text):
        return min(float(text), _LONGEST_PAUSE)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds())


def _collect(response: HTTPResponse, encoding: str, most: int, arrived: Callable[[int], None]) -> tuple[bytes, bool]:
    """Read until the end, or until there is more than is wanted, packed or unpacked.

    Returns:
        The content, and whether it is all of it.
    """
    unpack = _unpacker(encoding)
    content, received = bytearray(), 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        content += unpack(chunk, most + 1 - len(content))
        if max(len(content), received) > most:
            return bytes(content[:most]), False
        arrived(len(content))
    if response.length:
        raise ConnectionError("the answer broke off")
    unpack(b"", 0)
    return bytes(content), True


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    match encoding.lower():
        case "" | "identity":
            return lambda chunk, _room: chunk
        case "gzip" | "x-gzip":
            return _Gunzip()
        case _:
            raise _bad(f"its Content-Encoding is {encoding}, and only gzip can be unpacked")


class _Gunzip:
    """Unpacks gzip (RFC 1952) piece by piece, never more than there is room for; no bytes are the end."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def __call__(self, chunk: bytes, room: int) -> bytes:
        if not chunk and self._begun and not self._member.eof:
            raise _bad("it is packed, and breaks off")
        self._begun = self._begun or bool(chunk)
        content = bytearray()
        try:
            while chunk and len(content) < room:
                if self._member.eof:
                    self._member = zlib.decompressobj(_GZIP)
                content += self._member.decompress(chunk, room - len(content))
                chunk = self._member.unused_data or self._member.unconsumed_tail
        except zlib.error as error:
            raise _bad("it is not packed as it says") from error
        return bytes(content)


def _mode(answer: HttpAnswer) -> str:
    """Tell how to read a body by its content type."""
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in {"application/json", "text/json"} or media.endswith("+json"):
        return "json"
    return "text" if media.startswith("text/") or media.endswith("+xml") or media in _TEXTS else "base64"


def _body(answer: HttpAnswer, mode: str, read_json: ReadJson) -> Json:
    if not answer.content:
        return None
    if mode == "base64":
        whole = len(answer.content) if answer.complete else len(answer.content) // 3 * 3  # RFC 4648: three at a time
        return base64.b64encode(answer.content[:whole]).decode()
    text = _text(answer)
    if mode == "text":
        return text
    content = text.encode()
    try:
        return read_json(content, len(content))
    except MalformedError as error:
        raise _bad(str(error)) from error


def _text(answer: HttpAnswer) -> str:
    charset = answer.charset or "utf-8"
    text = decode_text(answer.content, charset, complete=answer.complete)
    if text is None:
        reason = f"it is not text in {charset}" if is_charset(charset) else f"there is no charset {charset}"
        raise _bad(f"{reason}: with expect.body base64 its bytes are the result, for base64_decode(text, charset)")
    return text


def _bad(reason: str) -> StepError:
    return StepError(f"the answer cannot be read: {reason}", "http.BadAnswer", unanswered=True)
