"""Actions: what a caller can do with a thing now, or why not, as ``actions`` of an answer."""

from collections.abc import Callable, Iterable

from chalicelib.core.values.json import Json

Refused = Callable[[str], str | None]
"""Tells why somebody may not do what an action names, whatever the state; None: they may."""


def nothing_refused(_action: str) -> None:
    """Refuse nothing."""


def actions_json(refused: Refused, names: Iterable[str]) -> dict[str, Json]:
    """Write of actions whether they are possible, and of those that are not the reason."""
    reasons = {name: refused(name) for name in names}
    return {name: {"possible": reason is None, "reason": reason} for name, reason in reasons.items()}
