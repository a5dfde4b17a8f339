"""Bundles: the text of a state is stored as its differences from payloads, so what did not change is not written again.

A *bundle* is a payload of text that states have in common with earlier ones. The text of a state is written as a list
of its pieces: those that stand in a payload are referred to, by place and length, and only the others are written. What
has been moved out of the state as a value of its own serves as well: a stash that comes out of a long input costs
nothing but the places.

The policy is that of a memory table and its sorted runs (O'Neil and others, "The log-structured merge-tree", 1996):

* A short state stands in its item whole.
* What has stood in the item once already moves into a bundle once it is dearer by a unit than without: from then on
  it would be paid for at every boundary, and what is written twice has paid for the bundle.
* What is new moves at once where it is several units: the next write would pay as much again, whatever becomes of it.
* A bundle takes in those before it of which hardly more is in use than comes with it, the shortest first, or less
  than half: so there are as many as the logarithm of the state, and a piece is moved as often as that.
* At its end an execution makes none, as nobody writes it again.
"""

import re
import zlib
from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import AnyStr, NamedTuple

from chalicelib.core.executions.model import Execution, StoredState
from chalicelib.core.records.payload import Packed, PackingLimits, Reference, digest, short
from chalicelib.core.records.quotations import Body, far
from chalicelib.core.values.json import encode
from chalicelib.core.values.value import copy_with, value

_CUT = re.compile(rb"[,:{\[]")
"""Behind what two texts are compared: where a value or a member begins, so that a change moves no cut but its own."""

_SPARSE = re.compile(rb"""[,:{\[](?:(?![,:{\[]"[^"]{24}).){16}""", re.DOTALL)
"""The same without those close to one before, unless a long string begins there: enough of what is looked up in."""

_KEY = 24
"""Bytes behind a cut by which the same text is found."""

HARDLY_MORE = 1.25
"""Times the length of what comes: values are mostly of one kind, and of no two the length is quite the same."""

_MISSES = 16
"""After so many short pieces in a row a byte more is left out each time: a text that repeats itself has no end of them.
What is long and left out so is found from behind."""


@value
class Bundled:
    """The text of a state as it is to be written, after its payloads."""

    body: Body
    payloads: Mapping[str, bytes]
    """The text of a new bundle, by hash."""
    stored: StoredState


class _Piece(NamedTuple):
    """A piece of a text: so many bytes, from a place of the source of a number; or, with none, found in no source."""

    length: int
    source: int | None = None
    at: int = 0


def bundle(packed: Packed, execution: Execution, limits: PackingLimits) -> Bundled:
    """Write the state of an execution, without its large values, as what differs from payloads."""
    text, before = packed.text, execution.stored or StoredState({}, b"")
    held = short(packed.payloads, limits)
    long = far({**packed.payloads, **packed.quoted}, held)
    if len(text) <= limits.plain and not packed.quotations:
        return Bundled(Body(text), {}, StoredState({}, text, held, long))
    pieces, sources, made = [_Piece(len(text))], dict[str, bytes](), dict[str, bytes]()
    if len(text) > limits.plain:
        apart = {*before.far, *long}
        sources = {sha256: base for sha256, base in before.bases.items() if sha256 not in apart} | held
        number_of_own = len(sources)
        pieces = _Places([*sources.values(), before.own]).pieces(text, limits.piece)
        pieces = _without_little(pieces, number_of_own, limits.used)
        if not execution.ended and (moving := _moving(text, pieces, number_of_own, limits)):
            content, sources = _make(text, pieces, sources, packed.payloads, moving)
            made = {digest(execution.tenant_id, content): content}
            sources |= made
            pieces = _Places([*sources.values()]).pieces(text, limits.piece)
            pieces = _without_little(pieces, len(sources), limits.used)
    if packed.quotations:
        text, pieces = _quoting(packed, pieces, len(sources), limits.piece)
    written = _written(text, pieces, {**sources, **packed.quoted}, made, len(packed.quoted))
    return copy_with(written, stored=copy_with(written.stored, held=held, far=long))


class Sources:
    """Payloads in which the pieces of many texts are looked up: those that are not too long together."""

    def __init__(self, payloads: Mapping[str, bytes], limits: PackingLimits) -> None:
        self._payloads, self._limits = short(payloads, limits), limits
        self._places = _Places([*self._payloads.values()])

    def beside(self, text: bytes) -> Body:
        """Write a text that is written once, as a row of history is, as what differs from them."""
        if len(text) <= self._limits.plain or not self._payloads:
            return Body(text)
        pieces = _without_little(self._places.pieces(text, self._limits.piece), len(self._payloads), self._limits.used)
        return _written(text, pieces, self._payloads, {}).body


class _Places:
    """Where what stands behind the cuts of some texts is found."""

    def __init__(self, sources: Sequence[bytes]) -> None:
        self._base = base = b"\n".join(sources)  # which no JSON text holds: what is alike does not reach across
        self._backwards = base[::-1]
        self._starts = [*accumulate((len(source) + 1 for source in sources[:-1]), initial=0)]
        cuts = [*self._starts, *(cut.start() + 1 for cut in _SPARSE.finditer(base))]
        self._last = {base[at : at + _KEY]: at for at in cuts}
        self._first = {base[at : at + _KEY]: at for at in reversed(cuts)}

    def pieces(self, text: bytes, least: int) -> list[_Piece]:
        """Find the pieces of a text that are there: those of so many bytes at least."""
        found, done, at, misses = list[_Piece](), 0, 0, 0
        backwards = text[::-1]
        while at < len(text):
            key = text[at : at + _KEY]
            places = {self._first[key], self._last[key]} if key in self._first else ()
            around = (self._around(text, backwards, done, at, place) for place in places)
            length, begin, start = _of_whole_characters(text, *max(around, default=(0, 0, 0)))
            if length >= least:
                found += [_Piece(begin - done)] if begin > done else []
                number = bisect_right(self._starts, start) - 1
                found.append(_Piece(length, number, start - self._starts[number]))
                done = at = begin + length
                misses = 0
            else:
                misses += len(places)
                cut = _CUT.search(text, at + misses // _MISSES)
                at = len(text) if cut is None else cut.end()
        return [*found, _Piece(len(text) - done)] if done < len(text) else found

    def _around(self, text: bytes, backwards: bytes, done: int, at: int, place: int) -> tuple[int, int, int]:
        """Find what is alike around two places: its length, where it begins in the text, and where in the base."""
        before = min(at - done, place)
        back = alike(backwards, len(text) - at, self._backwards, len(self._base) - place, before)
        after = min(len(text) - at, len(self._base) - place)
        return back + alike(text, at, self._base, place, after), at - back, place - back


_PART = range(0x80, 0xC0)
"""Bytes of UTF-8 that a character goes on with (RFC 3629)."""


def _of_whole_characters(text: bytes, length: int, begin: int, start: int) -> tuple[int, int, int]:
    """Leave out, at both ends, parts of characters that begin or end alike: what is written stays text."""
    end = begin + length
    while begin < end < len(text) and text[end] in _PART:
        end -= 1
    before = begin
    while begin < end and text[begin] in _PART:
        begin += 1
    return end - begin, begin, start + begin - before


def alike(one: AnyStr, at: int, other: AnyStr, start: int, most: int) -> int:
    """Count the bytes or characters that are the same from two places on, so many at most."""
    length, size = 0, 64
    while size:
        size = min(size, most - length)
        if size and one[at + length : at + length + size] == other[start + length : start + length + size]:
            length, size = length + size, 2 * size
        else:
            size //= 2
    return length


def _quoting(packed: Packed, pieces: Sequence[_Piece], sources: int, least: int) -> tuple[bytes, list[_Piece]]:
    """Put what is quoted, of sources behind so many, into a text and its pieces; what it leaves short is new."""
    number = {sha256: sources + number for number, sha256 in enumerate(packed.quoted)}
    texts, made, done = list[bytes](), list[_Piece](), 0

    def between(piece: _Piece, first: int, last: int) -> _Piece:
        is_new = piece.source is None or piece.source >= sources or last - first < least
        return _Piece(last - first) if is_new else _Piece(last - first, piece.source, piece.at + first)

    waiting = [*reversed(packed.quotations)]
    for piece in pieces:
        before = 0
        while waiting and waiting[-1].at < done + piece.length:
            at, length, sha256, start = waiting.pop()
            made += between(piece, before, at - done), _Piece(length, number[sha256], start)
            texts += packed.text[done + before : at], packed.quoted[sha256][start : start + length]
            before = at - done
        made.append(between(piece, before, piece.length))
        texts.append(packed.text[done + before : done + piece.length])
        done += piece.length
    return b"".join(texts), made


def _without_little(pieces: Sequence[_Piece], sources: int, least: int) -> list[_Piece]:
    """Take for found in no source what is in one of so many payloads of which too little is used to read it."""
    used = _used(pieces)
    return [
        _Piece(piece.length)
        if piece.source is not None and piece.source < sources and used[piece.source] < least
        else piece
        for piece in pieces
    ]


def _used(pieces: Iterable[_Piece]) -> dict[int | None, int]:
    used: dict[int | None, int] = {}
    for piece in pieces:
        used[piece.source] = used.get(piece.source, 0) + piece.length
    return used


def _moving(text: bytes, pieces: Sequence[_Piece], own: int, limits: PackingLimits) -> frozenset[int | None]:
    """Choose what moves into a bundle: what is found in no source, or in what stood in the item, which has a number."""
    if _packed_size(_content(text, pieces, {None})) > limits.at_once:
        return frozenset({None, own})
    return frozenset({own} if _packed_size(_content(text, pieces, {own})) > limits.again else ())


def _content(text: bytes, pieces: Iterable[_Piece], of: Iterable[int | None]) -> bytes:
    """Join the pieces that are of some sources, without what is the same."""
    made, at = bytearray(), 0
    for piece in pieces:
        if piece.source in of and (each := text[at : at + piece.length]) not in made:
            made += each
        at += piece.length
    return bytes(made)


def _packed_size(text: bytes) -> int:
    return len(zlib.compress(text, 1))


def _make(
    text: bytes,
    pieces: Sequence[_Piece],
    sources: Mapping[str, bytes],
    held: Container[str],
    moving: frozenset[int | None],
) -> tuple[bytes, dict[str, bytes]]:
    """Make a bundle, and answer what there is still to refer to beside it."""
    used, comes = _used(pieces), len(_content(text, pieces, moving))
    bundles = [number for number, sha256 in enumerate(sources) if number in used and sha256 not in held]
    lengths = [len(source) for source in sources.values()]
    taken_in = set[int]()
    for number in sorted(bundles, key=lambda number: used[number]):
        if used[number] <= HARDLY_MORE * comes or 2 * used[number] < lengths[number]:
            taken_in.add(number)
            comes += used[number]
    content = _content(text, pieces, moving | taken_in)
    kept = {
        sha256: source
        for number, (sha256, source) in enumerate(sources.items())
        if number in used and number not in taken_in
    }
    return content, kept


def _written(
    text: bytes, pieces: Sequence[_Piece], sources: Mapping[str, bytes], made: Mapping[str, bytes], quoted: int = 0
) -> Bundled:
    """Write what stands in no source, and the places of what does; of the last so many sources values are quoted."""
    used, offset = _used(pieces), 0
    offsets, bases = dict[int, int](), dict[str, bytes]()
    for number, (sha256, source) in enumerate(sources.items()):
        if number in used:
            offsets[number], bases[sha256] = offset, source
            offset += len(source)
    if not bases:
        return Bundled(Body(text), {}, StoredState({}, text))
    places, own, at, new = list[int](), list[bytes](), 0, 0
    for piece in pieces:
        if piece.source in offsets:
            places += new, offsets[piece.source] + piece.at, piece.length
            new = 0
        else:
            own.append(text[at : at + piece.length])
            new += piece.length
        at += piece.length
    places += (0, quoted, 0) if quoted else ()
    rest = b"".join(own)
    references = [Reference(sha256, len(base)) for sha256, base in bases.items()]
    payloads = {sha256: content for sha256, content in made.items() if sha256 in bases}
    return Bundled(Body(encode(places) + b"\n" + rest, references), payloads, StoredState(bases, rest))
