"""Changes that are written on condition that nobody was quicker."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.values.errors import UnavailableError

ATTEMPTS = 20
"""How often something is read again because somebody was quicker to write it; each time one of them is done."""

R = TypeVar("R")
A = TypeVar("A")
V = TypeVar("V")


def change(
    read: Callable[[], R],
    make: Callable[[R], tuple[R, A]],
    write: Callable[[R], bool],
    what: str,
    tries: int = ATTEMPTS,
) -> A:
    """Read, change and write, again while somebody is quicker; what does not change is not written.

    Args:
        read: answers what stands there.
        make: answers what is to stand there, the very same if nothing changes, and what to answer.
        write: writes it over what was read; tells whether that stood there still.
        what: is changed, for people.
        tries: how often to read.

    Raises:
        UnavailableError: others were always quicker.
    """
    for _ in range(tries):
        current = read()
        wanted, answer = make(current)
        if wanted is current or write(wanted):
            return answer
    raise _outrun(what, tries)


def put_new(first: V, put: Callable[[V], bool], following: Callable[[V], V], what: str, tries: int = ATTEMPTS) -> V:
    """Put a value, or the one that follows while the place of each is taken by another; answer what was put.

    Args:
        first: to try.
        put: writes a value where there is none; tells whether it is there now.
        following: makes the value to try after one whose place is taken.
        what: is put, for people.
        tries: how many values to try.

    Raises:
        UnavailableError: all the places were taken.
    """
    wanted = first
    for _ in range(tries):
        if put(wanted):
            return wanted
        wanted = following(wanted)
    raise _outrun(what, tries)


def _outrun(what: str, tries: int) -> UnavailableError:
    return UnavailableError(f"others were quicker {tries} times to write {what}: try again")
