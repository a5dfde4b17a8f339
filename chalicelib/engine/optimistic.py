"""Changes that are written on condition that nobody was quicker."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.values.errors import UnavailableError

ATTEMPTS = 20
"""How often something is read again because somebody was quicker to write it; each time one of them is done."""

R = TypeVar("R")
A = TypeVar("A")


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
    raise UnavailableError(f"others were quicker {tries} times to write {what}: try again")
