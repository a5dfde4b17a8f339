"""Differences of a text from payloads, and quotations: values that a long payload contains word for word.

A payload that is too long to be indexed is searched for the texts of values. Those that were taken in order are there
in order: each is looked for behind the last one, and mostly begins there.
"""

import math
import zlib
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate

from chalicelib.core.records.payload import PACKING, Quotation, Reference
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.core.values.value import value

SEARCHED = 64
"""Times the bytes of its sources that a library searches at most: a text that repeats itself takes 2 ns for each."""

QUOTED = 4_000_000
"""Bytes of all quotations of a state at most: whoever shows an execution makes a text, and values, of all of them."""

HELD = 8_000_000
"""Bytes of the payloads at most that are searched, as a function holds them beside the values that they are."""


def far(payloads: Mapping[str, bytes], near: Container[str]) -> dict[str, bytes]:
    """Choose the payloads to search for quotations: long ones, the shortest first, that are not near.

    Near ones are compared with byte for byte.
    """
    if not payloads:
        return {}
    long = {sha256: text for sha256, text in payloads.items() if len(text) > PACKING.slot and sha256 not in near}
    room = HELD
    for sha256 in sorted(long, key=lambda each: (len(long[each]), each)):
        if len(long[sha256]) > room:
            del long[sha256]
        else:
            room -= len(long[sha256])
    return long


@value
class Body:
    """The text of a state as it is written."""

    content: bytes
    """The text itself, or, where it has bases, the list of its pieces, a line feed, and what stands in no base."""
    bases: Sequence[Reference] = ()
    """The payloads that it refers to, in the order of its places."""

    @property
    def own(self) -> bytes:
        """What stands in no base."""
        return self.content.partition(b"\n")[2] if self.bases else self.content

    @property
    def places(self) -> Iterator[tuple[int, int, int]]:
        """Its pieces: how long what is before each and in no base is, where it is in all bases, and how long it is."""
        numbers = iter(self._numbers())
        return ((new, start, length) for new, start, length in zip(numbers, numbers, numbers, strict=True) if length)

    @property
    def quoted(self) -> frozenset[str]:
        """The hashes of the last bases, of which every piece is a value; a last piece of no length says how many."""
        *_, count, length = (0, 1, *self._numbers())
        return frozenset(base.sha256 for base in self.bases[len(self.bases) - count :] if not length)

    def _numbers(self) -> list[int]:
        numbers: list[int] = decode(self.content.partition(b"\n")[0]) if self.bases else []
        return numbers

    def text(self, bases: Iterable[bytes], without: Container[str] = ()) -> bytes:
        """Make the text again, of those of its bases; ``without`` what is quoted of some: null is in its place."""
        if not self.bases:
            return self.content
        texts = {base.sha256: text for base, text in zip(self.bases, bases, strict=True)}
        spans = self.spans
        return self._with([b"null" if one in without else texts[one][at : at + length] for one, at, length in spans])

    def _with(self, pieces: Sequence[bytes]) -> bytes:
        """Put pieces into what stands in no base."""
        made, own, at = list[bytes](), self.own, 0
        for (new, _, _), piece in zip(self.places, pieces, strict=True):
            made += own[at : at + new], piece
            at += new
        return b"".join(made) + own[at:]

    @property
    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Its pieces: the base that each is in, where it is there, and how long it is."""
        starts = [*accumulate((base.bytes for base in self.bases), initial=0)]
        for _, start, length in self.places:
            number = bisect_right(starts, start) - 1
            yield self.bases[number].sha256, start - starts[number], length

    def window(self, first: int, stop: int) -> "Body":
        """Write a part of the text, from one place to before another, as what differs from the same bases."""
        places, rest, own = list[int](), list[bytes](), self.own
        at = done = new = 0
        for before, start, length in (*self.places, (len(own), 0, 0)):
            mine = own[done : done + before]
            rest.append(mine[max(first - at, 0) : max(stop - at, 0)])
            at, done, new = at + len(mine), done + len(mine), new + len(rest[-1])
            low, high = max(first - at, 0), min(stop - at, length)
            if low < high:
                places += new, start + low, high - low
                new = 0
            at += length
        content = b"".join(rest)
        return Body(encode(places) + b"\n" + content, self.bases) if places else Body(content)

    def chunks(self, size: int) -> set[tuple[str, int]]:
        """Tell the chunks of bases, which have so many bytes, in which its pieces are: by hash and number, from 0."""
        return {
            (sha256, number)
            for sha256, start, length in self.spans
            for number in range(start // size, (start + length - 1) // size + 1)
        }

    def text_of_chunks(self, chunks: Mapping[tuple[str, int], bytes], size: int) -> bytes:
        """Make the text again, of such chunks.

        Raises:
            KeyError: one is missing.
        """
        pieces = list[bytes]()
        for sha256, start, length in self.spans:
            number, skipped = divmod(start, size)
            last = (start + length - 1) // size
            piece = b"".join(chunks[sha256, each] for each in range(number, last + 1))
            pieces.append(piece[skipped : skipped + length])
        return self._with(pieces)


_DIFFERING = b"="
"""What one that is written so begins with: nothing that is compressed does."""


def differing(body: Body) -> bytes:
    """Write a text that differs from payloads as the content of a chunk."""
    bases = ",".join(base.text for base in body.bases)
    return _DIFFERING + bases.encode() + b"\n" + zlib.compress(body.content)


def is_differing(content: bytes) -> bool:
    """Tell whether the content of a chunk is what :func:`differing` writes."""
    return content.startswith(_DIFFERING)


def read_differing(content: bytes) -> Body:
    """Read what :func:`differing` wrote.

    Raises:
        ValueError, zlib.error: it is something else.
    """
    bases, _, packed = content[len(_DIFFERING) :].partition(b"\n")
    return Body(zlib.decompress(packed), [*map(Reference.parse, bases.decode().split(","))])


class Library:
    """Payloads in which values are searched: but for those that are in another one of them.

    Args:
        payloads: their texts, by hash.
        room: bytes of all that is found at most.
    """

    def __init__(self, payloads: Mapping[str, bytes], room: float = math.inf) -> None:
        self.sources: dict[str, bytes] = {}
        self.searched = self.size = 0
        self._room = room
        self._behind: dict[str, int] = {}
        for sha256, text in sorted(payloads.items(), key=lambda each: (-len(each[1]), each[0])):
            if self._search(text) is None:
                self.sources[sha256] = text
                self.size += len(text)
        self._behind.clear()

    def find(self, text: bytes) -> tuple[str, int] | None:
        """Find the source that has a text, which is much longer, and where; None: none has, or enough was searched."""
        if len(text) > self._room or (found := self._search(text)) is None:
            return None
        self._room -= len(text)
        return found

    def _search(self, text: bytes) -> tuple[str, int] | None:
        for sha256, source in self.sources.items():
            behind = self._behind.get(sha256, 0)
            for start, stop in ((behind, len(source)), (0, min(behind + len(text), len(source)))):
                if 2 * len(text) > len(source) or self.searched > SEARCHED * self.size:
                    break
                at = source.find(text, start, stop)
                self.searched += len(text) + (stop if at < 0 else at) - start
                if at >= 0:
                    self._behind[sha256] = at + len(text)
                    self.sources = {sha256: source, **self.sources}
                    return sha256, at
        return None

    def quotations(self, text: bytes) -> list[Quotation]:
        """Find the quotations in a value: all of it, or its members."""
        if not self.sources:
            return []
        if (found := self.find(text)) is not None:
            return [Quotation(0, len(text), *found)]
        made = list[Quotation]()
        for at, member in _members(text):
            is_long = len(member) >= PACKING.smallest and text.startswith(member, at)
            if is_long and (found := self.find(member)) is not None:
                made.append(Quotation(at, len(member), *found))
        return made


def _members(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Write the members of a value, or its items, each with its place in the text; a bundle is the text of no value."""
    value: Json = None
    with suppress(ValueError):
        value = decode(text)
    at = len("[")
    if isinstance(value, dict):
        for name, member in value.items():
            at += len(encode(name)) + len(":")
            yield at, (text := encode(member))
            at += len(text) + len(",")
    elif isinstance(value, list):
        for member in value:
            yield at, (text := encode(member))
            at += len(text) + len(",")


def quoting(text: bytes, library: Library) -> Body:
    """Write the text of a value as what differs from a library."""
    offsets, size, bases = dict[str, int](), 0, list[Reference]()
    places, own, behind = list[int](), list[bytes](), 0
    for quotation in library.quotations(text) if len(text) > PACKING.plain else ():
        if quotation.sha256 not in offsets:
            bases.append(Reference(quotation.sha256, len(library.sources[quotation.sha256])))
            offsets[quotation.sha256], size = size, size + bases[-1].bytes
        own.append(text[behind : quotation.at])
        places += len(own[-1]), offsets[quotation.sha256] + quotation.start, quotation.length
        behind = quotation.at + quotation.length
    content = b"".join(own) + text[behind:]
    return Body(encode(places) + b"\n" + content, bases) if places else Body(text)


def is_new(body: Body, text: bytes) -> bool:
    """Tell whether most of a text is in no payload."""
    return len(body.own) > len(text) // 2
