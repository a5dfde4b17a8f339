"""Faults of DynamoDB: which failures mean that the service did not answer, and which that an item is damaged."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from chalicelib.core.values.errors import DamagedError, SedoError, UnavailableError, UnknownFormatError

T = TypeVar("T")
R = TypeVar("R")

TRANSIENT = frozenset(
    {
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes that pass (Amazon DynamoDB Developer Guide, "Error handling"; Amazon SQS API Reference, "Errors")."""

SERVER_ERROR = 500

BACKUP = "Only a backup mends it"
REPLACEABLE = "DELETE takes it away, PUT writes it anew, and a backup mends it"
"""What can be done about an item that is damaged."""


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise failures that can pass, and those after which a write may be done, as :class:`UnavailableError`.

    Anything else, a request that can never succeed among it, is raised as it is.
    """
    try:
        yield
    except Exception as error:
        if not _passes(error):
            raise
        raise UnavailableError(_words(error)) from error


@contextmanager
def passing_over(*, later: bool = True) -> Iterator[None]:
    """Leave out an item that cannot be read, so that it holds up no other; whoever reads it alone is told.

    Raises:
        UnavailableError: the store did not answer.
        UnknownFormatError: a ``later`` release wrote it, and those are not to be left out.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, UnavailableError) and not (later and isinstance(error, UnknownFormatError)):
            raise


def readable(read: Callable[[T], R], items: Iterable[T], *, later: bool = True) -> Iterator[R]:
    """Read items, but for those that cannot be read.

    Raises:
        UnavailableError: the store did not answer.
        UnknownFormatError: a ``later`` release wrote one, and those are not to be left out.
    """
    for item in items:
        found = list[R]()
        with passing_over(later=later):
            found.append(read(item))
        yield from found


@contextmanager
def undamaged(subject: str, remedy: str = BACKUP) -> Iterator[None]:
    """Raise whatever an item that was read cannot be understood by as :class:`DamagedError`.

    Raises:
        DamagedError: it is not as it was written.
        SedoError: as it is raised.
    """
    try:
        yield
    except SedoError:
        raise
    except Exception as error:
        why = f"what the table has of it is damaged ({type(error).__name__})"
        raise DamagedError(f"{subject} cannot be read: {why}. {remedy}") from error


def _words(error: Exception) -> str:
    """Write the failure of a call of AWS in words, for people and logs."""
    found = (getattr(error, "response", None) or {}).get("Error", {}).get("Code")
    operation = getattr(error, "operation_name", None)
    return f"AWS answers {found!r} to {operation}" if found and operation else "AWS does not answer"


def _passes(error: Exception) -> bool:
    from botocore import exceptions  # noqa: PLC0415 - loaded by then, and slow to load at a cold start

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= SERVER_ERROR or error.response["Error"]["Code"] in TRANSIENT
    return isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError))
