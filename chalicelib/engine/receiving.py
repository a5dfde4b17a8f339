"""Records of SQS as Lambda hands them over: how a message is read, and what becomes of one that cannot be read."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from chalicelib.core.executions.inputs import TRACE
from chalicelib.core.records.codec import UnknownMessageError, read_message
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import decode
from chalicelib.core.values.log_line import line
from chalicelib.engine.giving_back import LONGEST_HIDDEN, LONGEST_OF_DEAD, pause
from chalicelib.engine.model import Delivery, Dependencies, Handled

SqsRecord: TypeAlias = Mapping[str, Any]
"""A message as Lambda hands it over (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS")."""

SHOWN = 500
"""Characters of a message that nobody can read, in its incident."""

KNOWN_WITHIN = timedelta(days=1)
"""For so long a message of another version waits for a function that knows it."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a message can raise."""

log = logging.getLogger("sedo")


def read(record: SqsRecord, share: float = 1) -> Delivery:
    """Read one message, which is a part of a call of the function.

    Raises:
        UnknownMessageError: it is of another version.
        KeyError, TypeError, ValueError, AttributeError, RecursionError: it is no message.
    """
    message, attributes = read_message(decode(record["body"])), record.get("messageAttributes")
    trace = attributes[TRACE].get("stringValue", "") if attributes and TRACE in attributes else ""
    return Delivery(record["messageId"], message, receives_of(record), sent_at(record), trace=trace, share=share)


def receives_of(record: SqsRecord) -> int:
    """Tell how often a message has been received."""
    return int(record["attributes"]["ApproximateReceiveCount"])


def sent_at(record: SqsRecord) -> datetime | None:
    """Tell when a message was sent, if the record has that; a dead letter keeps the time of the message."""
    sent = record["attributes"].get("SentTimestamp")
    return None if sent is None else datetime.fromtimestamp(int(sent) / 1000, UTC)


def queue_of(record: SqsRecord) -> str:
    """Tell the name of the queue that a message comes from."""
    return str(record["eventSourceARN"]).rpartition(":")[2]


def give_up_reading(
    dependencies: Dependencies, request: str, record: SqsRecord, error: Exception, *, dead: bool
) -> Handled:
    """Say what becomes of a message that cannot be read: a dead letter is parked, in the end.

    One of another version waits for a function that knows it, in case that is being deployed.
    """
    name = record["messageId"]
    if isinstance(error, UnknownMessageError):
        log.warning(line("message given back", messageId=name, request=request, reason=str(error)))
        sent = sent_at(record)
        if dead and sent is not None and dependencies.clock.now() - sent < KNOWN_WITHIN:
            return Handled(again={name: int(LONGEST_HIDDEN.total_seconds())})
    else:
        unread: Mapping[str, str | int] = {"error": type(error).__name__, "characters": len(record["body"])}
        log.error(line("message cannot be read", messageId=name, request=request, **unread))
    return park(dependencies, record, error) if dead else Handled()


def park(dependencies: Dependencies, record: SqsRecord, error: Exception) -> Handled:
    """Keep what is known of a message in an incident, and have it taken off its queue."""
    name, body = record["messageId"], record["body"]
    detail = (
        f"message {name} of {queue_of(record)}, received {receives_of(record)} times, cannot be read "
        f"({type(error).__name__}): {len(body)} characters"
    )
    try:
        dependencies.incidents.record(
            Incident(IncidentKind.MESSAGE_UNREADABLE, name, dependencies.clock.now(), detail, content=body[:SHOWN])
        )
    except UnavailableError:
        return Handled(again={name: pause(name, receives_of(record), LONGEST_OF_DEAD)})
    return Handled(done={name})
