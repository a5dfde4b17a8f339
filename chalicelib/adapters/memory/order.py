"""Orders of lists that are kept in memory."""

from typing import Any


def is_behind(place: Any, after: Any, *, reverse: bool) -> bool:  # noqa: ANN401 - what can be compared
    """Tell whether a place of a list comes after another one."""
    return bool(place < after if reverse else place > after)
