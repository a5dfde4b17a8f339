"""Answers of the API that are kept under the keys of their requests."""

from collections.abc import Mapping

from chalicelib.core.values.value import value


@value
class KeptAnswer:
    """An answer of the API that is kept."""

    status: int
    headers: Mapping[str, str]
    body: str


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
