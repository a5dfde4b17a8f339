"""Answers of the API that are kept under an ``Idempotency-Key``.

A repeat is the same request, byte for byte: what an answer says in the words of its request is not kept, as the repeat
brings it again.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chalicelib.core.records.bundles import alike
from chalicelib.core.values.value import value

LEAST = 128
"""Characters of a piece that is looked for, at least."""

SHARE = 256
"""What part of a request is looked for at least: so many times the characters of an answer are searched at most."""


class Piece(NamedTuple):
    """What an answer has of its request: how much stands before it and in no request, where it is, and how long."""

    new: int
    start: int
    length: int


@value
class KeptAnswer:
    """An answer of the API that is kept."""

    status: int
    headers: Mapping[str, str]
    body: str
    """Without its pieces."""
    pieces: tuple[Piece, ...] = ()
    """What the body has of its request."""

    def whole(self, request: str) -> str:
        """Make the body again, of the text of its request."""
        made, at = list[str](), 0
        for new, start, length in self.pieces:
            made += self.body[at : at + new], request[start : start + length]
            at += new
        return "".join(made) + self.body[at:]


def kept_answer(status: int, headers: Mapping[str, str], body: str, request: str) -> KeptAnswer:
    """Make an answer to keep, beside the text of its request."""
    pieces, own, behind = list[Piece](), list[str](), 0
    for at, start, length in _shared(body, request):
        own.append(body[behind:at])
        pieces.append(Piece(at - behind, start, length))
        behind = at + length
    return KeptAnswer(status, headers, "".join(own) + body[behind:], tuple(pieces))


def _shared(text: str, source: str) -> Iterator[tuple[int, int, int]]:
    """Find pieces of a text in another one: where in the one, where in the other, and how long each is.

    One that has the characters of two that are looked for is surely found.
    """
    size = max(LEAST, len(source) // SHARE)
    at = done = behind = 0
    while at + size <= len(text):
        wanted = text[at : at + size]
        start = source.find(wanted, behind)  # what was taken in order is there in order
        if start < 0:
            start = source.find(wanted, 0, behind + size)
        if start < 0:
            at += size
            continue
        back = min(at - done, start, size)
        before = alike(text[at - back : at][::-1], 0, source[start - back : start][::-1], 0, back)
        end, until = at + size, start + size
        length = before + size + alike(text, end, source, until, min(len(text) - end, len(source) - until))
        yield at - before, start - before, length
        done = at = at - before + length
        behind = start - before + length


@value
class KeyHolder:
    """The request that has a key."""

    asked: str
    """Its fingerprint."""
    seed: str
    """What it names what it makes by, so that whoever does it again after its death makes nothing twice."""
    reply: KeptAnswer | None = None
    """How it was answered; None: it is under way."""
    is_new: bool = False
    """Whether it is to be done now: it took the key, or it goes on with what another began that has died."""
