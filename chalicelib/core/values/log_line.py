"""Lines of the log: a JSON object each, that says what happened and to what, and nothing of what users send."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import walk_tb
from typing import Any

SPEAKING = ("UnavailableError", "SetupError", "GivenBackError")
"""The errors whose message is for the operator; that of any other may hold data of users, and stays out."""

DEEPEST = 5
"""How many causes of an error a line names."""


class LogLine:
    """What happened, and the members that say to what; as a text it is JSON."""

    __slots__ = ("members", "message")

    def __init__(self, message: str, members: Mapping[str, str | int | None]) -> None:
        self.message, self.members = message, members

    def __str__(self) -> str:
        return json.dumps({"message": self.message, **self.members}, ensure_ascii=False)


def line(message: str, **members: str | int | None) -> LogLine:
    """Make what a logger is handed: ``execution``, ``request`` and the like are its members."""
    return LogLine(message, members)


class JsonFormatter(logging.Formatter):
    """Writes each record as one JSON object: ``time``, ``level``, ``message``, the members, and ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        said: object = record.msg
        message, members = (said.message, said.members) if isinstance(said, LogLine) else (record.getMessage(), {})
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": message,
            **members,
        }
        if record.exc_info and record.exc_info[1] is not None:
            found["error"] = error_json(record.exc_info[1])
        return json.dumps(found, ensure_ascii=False, default=str)


def structured(log: logging.Logger, level: str) -> None:
    """Let a logger write JSON, from a level on."""
    log.setLevel(level)
    for handler in log.handlers:
        handler.setFormatter(JsonFormatter())


def error_json(error: BaseException, depth: int = DEEPEST) -> Mapping[str, Any]:
    """Write where an error was raised, and what it comes from; its message only if that is for the operator."""
    found: dict[str, Any] = {"type": type(error).__name__}
    if type(error).__name__ in SPEAKING:
        found["message"] = str(error)
    found["trace"] = [
        f"{PurePath(frame.f_code.co_filename).name}:{number} {frame.f_code.co_name}"
        for frame, number in walk_tb(error.__traceback__)
    ]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth:
        found["cause"] = error_json(cause, depth - 1)
    return found
