"""Optimistic concurrency: changes that are written on condition that nobody else has written meanwhile."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.values.errors import DamagedError, UnavailableError

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
    """Read, change and write; again, while somebody else writes in between. What does not change is not written.

    Args:
        read: answers the stored value.
        make: answers the new value, or the very same object if nothing changes, and the result of the change.
        write: writes over the value that was read; tells whether that was still the stored one.
        what: the name of what is changed, for the message of the error.
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
    """Put a value; while its key is taken by another value, put the one that follows. Answer what was put.

    Args:
        first: the first value to try.
        put: writes a value if its key is free; tells whether it is there now.
        following: makes the value to try after one whose key is taken.
        what: the name of what is put, for the message of the error.
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


def remove(read: Callable[[], R], require: Callable[[R], None] | None, delete: Callable[[R], bool], what: str) -> None:
    """Read something, hold it against what is asked of it and delete it, again while somebody is quicker.

    Raises:
        UnavailableError: others were always quicker.
    """
    for _ in range(ATTEMPTS):
        current = read()
        if require is not None:
            require(current)
        if delete(current):
            return
    raise _outrun(f"that {what} goes", ATTEMPTS)


def or_damage(read: Callable[[], R]) -> R | DamagedError:
    """Answer what is read, or why it cannot be."""
    try:
        return read()
    except DamagedError as error:
        return error


def _outrun(what: str, tries: int) -> UnavailableError:
    return UnavailableError(f"others were quicker {tries} times to write {what}: try again")
