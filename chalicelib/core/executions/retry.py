"""Whether and when a failed step is tried again, and which handlers a failure's name matches."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from chalicelib.core.definitions.model import RetryPolicy, matches
from chalicelib.core.executions.model import Failure
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import (
    InterruptedCallError,
    InvalidOutputError,
    InvalidParametersError,
    ResultTooLargeError,
    TemplateBudgetError,
    TemplateError,
)
from chalicelib.core.values.value import value

_PRECISION = 1 << 32
LONGEST_WAIT = LIMITS.retry_after_seconds

MEANT = frozenset(
    {
        TemplateError.name,
        TemplateBudgetError.name,
        InvalidParametersError.name,
        InvalidOutputError.name,
        ResultTooLargeError.name,
        InterruptedCallError.name,
        "task.Rejected",
    }
)
"""Errors that another attempt would only repeat, or that a person wanted: a ``*`` of a retry does not mean them."""


@value
class Retry:
    """Try again after this time."""

    policy: str
    """The number of the policy that takes the failure."""
    delay: timedelta
    left: int
    """How many attempts more the policy allows, the next one included."""


def next_attempt(
    policies: Sequence[RetryPolicy],
    failure: Failure,
    tries: Mapping[str, int],
    seed: str,
    retry_after: float | None = None,
) -> Retry | None:
    """Find the first policy that matches a failure, and how long it waits; None once its attempts are used up.

    Args:
        policies: of the step.
        failure: what happened.
        tries: how many failures each policy has taken already, by its number.
        seed: what the jitter is derived from; another one for every attempt.
        retry_after: how many seconds the other side wants to be left alone, done for a day at most.
    """
    for number, policy in enumerate(policies):
        if _takes(policy, failure.name):
            taken = tries.get(str(number), 0)
            if taken >= policy.max_attempts - 1:
                return None
            wanted = timedelta(seconds=min(retry_after or 0, LONGEST_WAIT))
            return Retry(str(number), max(_delay(policy, taken, seed), wanted), policy.max_attempts - 1 - taken)
    return None


def _takes(policy: RetryPolicy, name: str) -> bool:
    """Tell whether a policy takes an error; ``*`` takes those that can pass by themselves."""
    return matches(name, [pattern for pattern in policy.errors if pattern != "*" or name not in MEANT])


def _delay(policy: RetryPolicy, taken: int, seed: str) -> timedelta:
    longest = policy.max_delay.total_seconds()
    try:
        seconds = min(longest, policy.interval.total_seconds() * policy.backoff_rate**taken)
    except OverflowError:
        seconds = longest
    if policy.jitter:
        digest = hashlib.sha256(seed.encode()).digest()
        seconds *= int.from_bytes(digest[:4], "big") / _PRECISION
    return timedelta(milliseconds=round(seconds * 1000))
