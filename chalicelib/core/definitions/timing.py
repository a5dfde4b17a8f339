"""Times of a definition: time-outs, retry policies, budgets, and those of them that are never reached."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.core.definitions.model import RetryPolicy
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json, Path
from chalicelib.core.values.value import copy_with

LONGEST = LIMITS.longest_time
BUDGET: dict[str, Json] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["dollars"],
    "properties": {
        "dollars": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": LIMITS.budget_dollars,
            "x-limit": "budget_dollars",
            "description": "What was counted of an execution may cost so much.",
        }
    },
    "description": "What an execution may cost: it is paused once it has cost more.",
}
"""The schema of a budget."""


def read_policy(entry: Mapping[str, Any]) -> RetryPolicy:
    """Read a retry policy that fits."""
    given: dict[str, Any] = {
        "max_attempts": int(entry["maxAttempts"]) if "maxAttempts" in entry else None,
        "interval": read_time(entry.get("intervalSeconds")),
        "backoff_rate": float(entry["backoffRate"]) if "backoffRate" in entry else None,
        "max_delay": read_time(entry.get("maxDelaySeconds")),
        "jitter": entry["jitter"] == "full" if "jitter" in entry else None,
    }
    policy = RetryPolicy(entry["errors"], **{name: value for name, value in given.items() if value is not None})
    return policy if "maxDelaySeconds" in entry else copy_with(policy, max_delay=max(policy.max_delay, policy.interval))


def never_reached(step: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Find times that come after the step is over time: where each stands, and what is odd about it."""
    limit, due = step.get("timeoutSeconds"), step.get("due")
    times = [
        (("seconds",), step.get("seconds")),
        (("heartbeatSeconds",), step.get("heartbeatSeconds")),
        (("due", "seconds"), due.get("seconds") if isinstance(due, dict) else None),
    ]
    for place, seconds in times:
        if isinstance(limit, int | float) and isinstance(seconds, int | float) and seconds > limit:
            yield place, f"this is never reached: timeoutSeconds ends the step after {limit:g} seconds"


def read_budget(given: Json) -> float | None:
    """Read the dollars of a budget; what does not fit was found before."""
    dollars = given.get("dollars") if isinstance(given, dict) else None
    return float(dollars) if isinstance(dollars, int | float) and not isinstance(dollars, bool) else None


def read_time(seconds: Json) -> timedelta | None:
    """Read a time, to whole milliseconds; what does not fit was found before."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST.total_seconds():
        return None
    return max(timedelta(milliseconds=1), timedelta(milliseconds=round(seconds * 1000)))
