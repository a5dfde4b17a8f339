"""Template functions of time; instants are RFC 3339 texts in UTC."""

import re
from datetime import UTC, datetime, timedelta

from chalicelib.core.expressions.signature import NUMBER, NUMBER_OR_TEXT, TEXT, Number, optional, signature
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import format_instant, parse_instant

_UNITS = ("seconds", "minutes", "hours", "days", "weeks")
_DIRECTIVES = "YmdHMSfzjbBaApIy%"
_MAX_FORMAT = LIMITS.function_format


class TimeFunctions:
    """Read, write and move instants."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._now = now

    @signature()
    def _func_now(self) -> str:
        """now(): the instant of the turn.

        now() -> "2026-01-31T09:00:00.000Z"
        """
        return format_instant(self._now)

    @signature(NUMBER_OR_TEXT, optional(TEXT))
    def _func_parse_time(self, value: str | Number, form: str | None = None) -> str:
        """parse_time(value, format?): an instant from RFC 3339 text, seconds since 1970, or text of a strptime format.

        Text of a format without ``%z`` is taken as UTC.

        parse_time('2026-01-31T10:00:00+01:00') -> "2026-01-31T09:00:00.000Z"
        parse_time(`1769850000`) -> "2026-01-31T09:00:00.000Z"
        parse_time('31.01.2026 09:00', '%d.%m.%Y %H:%M') -> "2026-01-31T09:00:00.000Z"
        """
        if not isinstance(value, str):
            return format_instant(datetime.fromtimestamp(value, UTC))
        if form is None:
            return format_instant(parse_instant(value))
        directives = _directives(form)
        if len(set(directives)) < len(directives):
            raise ValueError(f"format {form!r} names a part twice")
        instant = datetime.strptime(value, form)  # noqa: DTZ007 (the next line gives it its offset)
        return format_instant(instant if instant.tzinfo else instant.replace(tzinfo=UTC))

    @signature(TEXT, TEXT)
    def _func_format_time(self, time: str, form: str) -> str:
        """format_time(time, format): an instant in a strftime format, in UTC.

        format_time('2026-01-31T09:00:00Z', '%d.%m.%Y') -> "31.01.2026"
        """
        _directives(form)
        return parse_instant(time).strftime(form)

    @signature(TEXT, NUMBER, optional(TEXT))
    def _func_add_time(self, time: str, amount: Number, unit: str = "seconds") -> str:
        """add_time(time, amount, unit?): an instant later, or earlier; in seconds, minutes, hours, days or weeks.

        add_time('2026-01-31T09:00:00Z', `90`) -> "2026-01-31T09:01:30.000Z"
        add_time('2026-01-31T09:00:00Z', `-1`, 'days') -> "2026-01-30T09:00:00.000Z"
        """
        if unit not in _UNITS:
            raise ValueError(f"add_time() knows {', '.join(_UNITS)}, not {unit!r}")
        return format_instant(parse_instant(time) + timedelta(**{unit: amount}))

    @signature(TEXT, TEXT)
    def _func_seconds_between(self, start: str, end: str) -> Number:
        """seconds_between(start, end): seconds from one instant to another, below 0 if it is earlier.

        seconds_between('2026-01-31T09:00:00Z', '2026-01-31T10:00:00Z') -> 3600
        """
        milliseconds = (parse_instant(end) - parse_instant(start)) // timedelta(milliseconds=1)
        return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


def _directives(form: str) -> list[str]:
    """List the directives of a format; those that depend on the machine are refused."""
    if len(form) > _MAX_FORMAT:
        raise ValueError(f"format is longer than {_MAX_FORMAT} characters")
    directives = re.findall("%(.?)", form, re.DOTALL)
    unknown = next((each for each in directives if each not in _DIRECTIVES or not each), None)
    if unknown is not None:
        raise ValueError(f"format {form!r} holds %{unknown}; known are {' '.join('%' + each for each in _DIRECTIVES)}")
    return [each for each in directives if each != "%"]
