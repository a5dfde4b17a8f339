"""The encodings in which a secret can come back in an answer, and where they are in a text.

Case counts for nothing in ASCII: a host and percent escapes are written in either.
"""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from math import ceil
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Characters: what is shorter is hidden only where it is all of a text, since it stands in many by chance."""
LINE = 16
"""Characters of a line of a secret that is looked for by itself."""
INSIDE = 8
"""Characters of a text that is taken for a piece of a secret, as a line of it is."""

MOST_HOPS = 5
"""Times that a text is escaped the same way."""

BASE64_BITS = 6
BYTE_BITS = 8

_RUN = re.compile(rb"[a-z0-9]+")


class Spelling:
    """A text, and the ways to write it in other texts."""

    def __init__(self, text: str, written: Callable[[str], Iterable[str]]) -> None:
        self._text = text
        self._written = written
        self._anchor = b"\0" if "\0" in text else max(_RUN.findall(_folded(text)), key=len, default=b"")
        """What it has in every spelling: a text without it need not be looked at."""

    def may_be_in(self, document: bytes) -> bool:
        """Tell whether a text of a folded JSON document may have it."""
        if len(self._anchor) < SHORTEST and self._written is _of_base64 and self._anchor != b"\0":
            return any(each.replace(b"\\", b"\\\\") in document for each in self._spelled)
        return (b"\\u0000" if self._anchor == b"\0" else self._anchor) in document

    def places(self, text: bytes, *, cut: bool) -> Iterator[tuple[int, int]]:
        """Find where a folded text has it.

        Args:
            text: the text.
            cut: whether the text may be a piece of another, so that there may be a piece of the secret.
        """
        for spelling in self._spelled if self._anchor in text else ():
            yield from _places(text, spelling)
        for spelling in self._spelled if cut else ():
            yield from _pieces(text, spelling)

    @cached_property
    def _spelled(self) -> frozenset[bytes]:
        return frozenset(map(_folded, self._written(self._text)))


def spellings(secret: str) -> list[Spelling]:
    """List what is to be found of a secret: itself, with less space in it, and in other letters, unless it is short."""
    plain = {secret, secret.strip(), " ".join(secret.split())}
    plain = {text for text in plain if len(text) >= SHORTEST}
    encoded = {
        text
        for each in plain
        for content in {*_in_utf_16(each), *map(_bytes, (each, *_in_json(each))), *_in_base64(each)}
        for text in _base64(content)
        if len(text) >= SHORTEST
    }
    others = {each for text in plain for each in (*_in_lines(_bytes(text)), *_in_other_letters(text))}
    return [*(Spelling(text, _nested) for text in plain), *(Spelling(text, _of_base64) for text in encoded | others)]


def lines(secret: str) -> list[Spelling]:
    """List the lines of a secret that has some, since others write them one by one; what is short could be anything."""
    found = {line.strip() for line in secret.splitlines()} - {secret.strip()}
    return [Spelling(line, _of_base64) for line in found if len(line) >= LINE]


def covered(text: str, spelled: list[Spelling], cover: str, *, cut: bool) -> str:
    """Write a cover over every stretch of a text that spellings take, those that overlap taken as one."""
    content = _bytes(text)
    folded = content.lower()
    written, end = list[bytes](), 0
    for start, stop in sorted(found for each in spelled for found in each.places(folded, cut=cut)):
        if start > end or not written:
            written += (content[end:start], cover.encode())
        end = max(end, stop)
    return (b"".join(written) + content[end:]).decode("utf-8", "surrogatepass") if written else text


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _folded(text: str) -> bytes:
    return _bytes(text).lower()  # of bytes, that is of ASCII, so that nothing moves


def _places(text: bytes, spelling: bytes) -> Iterator[tuple[int, int]]:
    start = text.find(spelling)
    while start >= 0:
        yield start, start + len(spelling)
        start = text.find(spelling, start + 1)


def _pieces(text: bytes, spelling: bytes) -> Iterator[tuple[int, int]]:
    """Find the beginning of a spelling at the end of a text, its end at the beginning, and a text from inside of it."""
    length = len(spelling)
    for start, _ in _places(text[1 - length :], spelling[:SHORTEST]):
        begin = max(0, len(text) - length + 1) + start
        if spelling.startswith(text[begin:]):
            yield begin, len(text)
            break
    for _, stop in reversed([*_places(text[: length - 1], spelling[-SHORTEST:])]):
        if spelling.endswith(text[:stop]):
            yield 0, stop
            break
    if len(text) >= INSIDE and text in spelling:
        yield 0, len(text)


def _base64(content: bytes) -> Iterator[str]:
    """Write bytes in base64 (RFC 4648), at each of the three offsets, without what depends on the neighbours."""
    for offset in range(3):
        begin = ceil(offset * BYTE_BITS / BASE64_BITS)
        end = (offset + len(content)) * BYTE_BITS // BASE64_BITS
        for encoder in (b64encode, urlsafe_b64encode):
            yield encoder(bytes(offset) + content).decode()[begin:end]


def _in_base64(text: str) -> Iterator[bytes]:
    """Write a text in base64 that is to be inside of base64 again, as credentials in a value that is encoded whole."""
    content = _bytes(text)
    yield b64encode(content)
    yield from map(_bytes, _base64(content))


def _in_utf_16(text: str) -> Iterator[bytes]:
    yield from (text.encode(order, "surrogatepass") for order in ("utf-16-le", "utf-16-be"))


def _in_lines(content: bytes) -> Iterator[str]:
    """Write bytes in base64 with the breaks of lines of MIME and PEM (RFC 2045, RFC 7468)."""
    encoded = b64encode(content).decode()
    for width in _LINES if len(encoded) > min(_LINES) else ():
        lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
        yield from (end.join(lines) for end in ("\n", "\r\n"))


_LINES = (64, 76)


def _in_other_letters(text: str) -> Iterator[str]:
    """Write a text with nothing of it as it is: in UTF-16 that was read as UTF-8, in hex, and escaped throughout."""
    yield "\0".join(text)
    yield _bytes(text).hex()
    yield _bytes(text).hex(":")
    yield _bytes(text).hex(" ")
    yield "".join(f"%{byte:02x}" for byte in _bytes(text))
    yield "".join(f"\\x{byte:02x}" for byte in _bytes(text))
    yield "".join(f"\\u{ord(character):04x}" for character in text)
    yield "".join(f"&#{ord(character)};" for character in text)
    yield "".join(f"&#x{ord(character):x};" for character in text)


def _of_base64(text: str) -> Iterator[str]:
    """Write a text that has little to escape."""
    yield from (text, text.replace("/", "\\/"), json.dumps(text)[1:-1], quote(text, ""), quote(text, "/"))


def _nested(text: str) -> Iterator[str]:
    """Write a text in another one, and that in a third; and as several hops do that escape it the same way."""
    for once in set(_escaped(text)):
        yield from _escaped(once)
    for escape in _HOPS:
        often = text
        for _ in range(MOST_HOPS):
            often = escape(often)
            yield often


_HOPS: tuple[Callable[[str], str], ...] = (
    lambda text: quote(_bytes(text), ""),
    lambda text: quote_plus(_bytes(text)),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    html.escape,
)


def _in_json(text: str) -> tuple[str, str]:
    return json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]


def _escaped(text: str) -> Iterator[str]:
    """Write a text as it is, and inside of other texts: encoders differ in what they escape."""
    content = _bytes(text)
    yield from (text, content.decode("latin-1"))  # as header fields are read
    for in_json in _in_json(text):
        yield from (in_json, in_json.replace("/", "\\/"))
    for in_python in (repr('"' + text)[2:-1], ascii('"' + text)[2:-1], repr(b'"' + content)[3:-1]):
        yield from (in_python, in_python.replace("\\'", "'"))
    for safe in ("", "/", "!'()*"):  # RFC 3986; paths; encodeURIComponent of ECMAScript
        yield quote(content, safe)
    yield quote_plus(content)
    yield quote_plus(content, "*").replace("~", "%7E")  # forms, as the URL standard writes them
    in_html = html.escape(text)
    yield from (
        in_html,
        html.escape(text, quote=False),
        in_html.encode("ascii", "xmlcharrefreplace").decode(),
        *(in_html.replace("&#x27;", each) for each in ("&#39;", "&apos;")),
    )
    if not text.isascii():
        with suppress(UnicodeError):
            yield text.encode("idna").decode()
