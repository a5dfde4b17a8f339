"""Warnings for the names of errors in `retry` and `catch`."""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from chalicelib.core.definitions.flow import Suggestion
from chalicelib.core.definitions.model import STATUS, StepType, matches
from chalicelib.core.expressions.template import is_templated
from chalicelib.core.values.errors import (
    HeartbeatTimeoutError,
    InternalError,
    InterruptedCallError,
    InvalidOutputError,
    InvalidParametersError,
    PoisonError,
    ResultTooLargeError,
    StepTimeoutError,
    TemplateBudgetError,
    TemplateError,
)
from chalicelib.core.values.json import Path, Problem, pointer

UNKNOWN = "Unknown"
"""In the place of a name that cannot be one: nothing is said of it."""
COMMON_ERRORS = frozenset(
    error.name
    for error in (
        InternalError,
        InvalidOutputError,
        InvalidParametersError,
        PoisonError,
        ResultTooLargeError,
        StepTimeoutError,
        TemplateBudgetError,
        TemplateError,
    )
)
"""The names of errors that every step can fail with."""

_FAMILIES = ("aws", "event", "http", "lambda", "task", "workflow")
"""What the names of errors begin with that calls and waits fail with."""
_OF_FAMILY: Mapping[str, Collection[str]] = {
    "event": ("TooManyWait",),
    "http": (
        *("BadAnswer", "Blocked", "Connect", "InvalidRequest", "Status.5xx", "Timeout", "Tls", "TooLarge"),
        "TooManyRedirects",
    ),
    "task": ("Overdue", "Rejected"),
    "workflow": ("Cancelled", "TimedOut"),
}
"""Of the families of which all are known, the errors, without the name of the family."""
_CLOSED = frozenset({"aws", "event", "http", "lambda", "task"})
"""Types of steps of which all errors are of their family, or known: nobody else names any, but by a callback."""
_OF_CALLS = COMMON_ERRORS | {InterruptedCallError.name, HeartbeatTimeoutError.name, "SecretNotFound", "Unavailable"}
_EVERY = frozenset({"all", "any", "error", "errors", "exception"})
"""What other languages call every error, in small letters."""
PLAIN_ERRORS = _OF_CALLS | {
    *("BranchesFailed", "DefinitionNotFound", "Forbidden", "IdTaken", "InvalidInput", "ItemsFailed", "NoChoice"),
    *("ResultLost", "SpawnLimit"),
}
"""The names without a family."""
_PLAIN = {name.lower(): name for name in PLAIN_ERRORS}
"""They, by how they are in small letters."""
_ALIKE = 0.85
"""How much a name is like one of those that is hardly another one of its author's own."""
_STATUS = re.compile(r"http\.Status\.([1-5]([0-9]{2}|xx)|\*)")

_FOREIGN = re.compile(r"States\..+")
_WRITTEN = re.compile(r"(?!http\.Status\.)(?:(?i:http)\.)?(?:(?i:status(?:code)?)\.)?([1-5](?:[0-9]{2}|xx))")
"""Other spellings of the status of an answer."""


def error_remark(name: str, holder: Mapping[str, Any], own: Collection[str], suggestion: Suggestion) -> str | None:
    """Say what is odd about the name of an error.

    Args:
        name: that of an entry of `retry` or `catch`, or a family of names.
        holder: the step, or the definition, that has the entry.
        own: the names that steps of the definition fail with of their own, and their families.
        suggestion: what names the closest of the names that there are.
    """
    if name == UNKNOWN:
        return None
    is_own = any(matches(each, [name]) for each in own)
    return (None if is_own else _unknown(name, suggestion)) or _never(name, holder)


def _unknown(name: str, suggestion: Suggestion) -> str | None:
    """Say what is wrong with a name, if it is much like one of sedo."""
    family, dot, rest = name.partition(".")
    if name.startswith(STATUS):
        known = _STATUS.fullmatch(name)
        return None if known else f"there is no status {name.removeprefix(STATUS)!r}: write {STATUS}503 or {STATUS}5xx"
    if foreign := _foreign(name):
        return foreign
    if not dot:
        return _plain(name)
    if family not in _FAMILIES:
        hint = suggestion(family.lower(), _FAMILIES)
        return f"no step of sedo fails with errors of the family {family!r}{hint}" if hint else None
    if rest == "*" or family not in _OF_FAMILY or rest in _OF_FAMILY[family]:
        return None
    hint = suggestion(rest, _OF_FAMILY[family])
    return f"no error of the family {family!r} is called {rest!r}{hint}" if hint or family == "http" else None


def _plain(name: str) -> str | None:
    """Say the same of a name without a family."""
    if name.lower() in _FAMILIES:
        return f"no step of sedo fails with {name!r}: write {name.lower()}.* for all errors of the family"
    if name in _PLAIN.values():
        return None
    alike = [_PLAIN[each] for each in get_close_matches(name.lower()[:64], _PLAIN, n=1, cutoff=_ALIKE)]
    return f"no step of sedo fails with {name!r} (did you mean {alike[0]!r}?)" if alike else None


def _never(name: str, step: Mapping[str, Any]) -> str | None:
    """Say that a call, or a wait, never fails with an error of this name."""
    kind = step.get("type")
    if kind not in _CLOSED or step.get("callback", False) is not False:
        return None
    if name == "*" or name in _OF_CALLS or name.startswith(f"{kind}."):
        return None
    hint = f", only with {kind}.* and those of every step"
    if name.lower() in _EVERY:
        hint = ": '*' stands for every one"
    elif kind not in _OF_FAMILY and "." not in name:
        hint = f": write {kind}.{name}"
    return f"a step of type {kind} never fails with {name!r}{hint}"


def _foreign(name: str) -> str | None:
    """Say what to write for the name of an error of Step Functions, or for a status that is written as there."""
    if _FOREIGN.fullmatch(name):
        remark = "write Timeout" if name == "States.Timeout" else "'*' stands for every one"
        return f"no step of sedo fails with errors of Step Functions: {remark}"
    written = _WRITTEN.fullmatch(name)
    return written and f"no step of sedo fails with {name!r}: write {STATUS}{written[1]}"


def errors_of(step_type: StepType, step: Mapping[str, Any]) -> Collection[str] | None:
    """Find the names of the errors that a step can fail with, if they are known."""
    own: Collection[str] | None = getattr(step_type, "errors", None)
    parameter: str | None = getattr(step_type, "error_parameter", None)
    common = COMMON_ERRORS if "timeoutSeconds" in step else COMMON_ERRORS - {StepTimeoutError.name}
    if getattr(step_type, "again_parameter", None) in step:
        return None
    if own is None or parameter is None:
        return None if own is None else {*own, *common}
    schema: Any = step_type.schema
    name = step.get(parameter, schema["properties"][parameter]["default"])
    return None if is_templated(name) else {*own, *common, name}


def unmatched(holder: Mapping[str, Any], path: Path, key: str, errors: Collection[str] | None) -> Iterator[Problem]:
    """Find entries of retry or catch that no error ever comes to."""
    taken: set[str] = set()
    left = None if errors is None else set(errors)
    for index, entry in enumerate(holder.get(key, ())):
        names = entry["errors"]
        if UNKNOWN in names:
            continue
        matched = {error for error in left or () if matches(error, names)}
        if all(_is_taken(name, taken) for name in names):
            yield Problem(pointer((*path, key, index)), "this never matches: entries before it take all of its errors")
        elif left is not None and not matched and "*" not in names:
            known = ", ".join(sorted(errors or ()))
            yield Problem(pointer((*path, key, index)), f"this never matches: the step can only fail with {known}")
        taken |= set(names)
        left = None if left is None else left - matched


def _is_taken(name: str, taken: set[str]) -> bool:
    """Tell whether names, families and ``*`` take whatever a name, or a family, stands for."""
    return "*" in taken or name in taken or not taken.isdisjoint(families_of(name))


def families_of(name: str) -> Iterator[str]:
    """Walk over the families that an error is of: those of ``a.b.Missing`` are ``a.*`` and ``a.b.*``."""
    return (name[: index + 1] + "*" for index, character in enumerate(name) if character == ".")
