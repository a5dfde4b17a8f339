"""Template functions of time; instants are RFC 3339 texts in UTC."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from chalicelib.core.expressions.signature import NUMBER, NUMBER_OR_TEXT, TEXT, optional, signature, whole
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.decimals import Number
from chalicelib.core.values.errors import EvaluationError
from chalicelib.core.values.json import find_zone, format_instant, parse_instant

_CLOCK = ("seconds", "minutes", "hours")
_UNITS = (*_CLOCK, "days", "weeks")
_MONTHS = {"months": 1, "years": 12}
_DIRECTIVES = "YmdHMSfzjbBaApIy%"
_SHOWN = _DIRECTIVES + "Z"
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

    @signature(NUMBER_OR_TEXT, optional(TEXT), optional(TEXT))
    def _func_parse_time(self, value: str | Number, form: str | None = None, zone: str = "UTC") -> str:
        """parse_time(value, format?, zone?): an instant from RFC 3339 text, seconds since 1970, or text of a format.

        The format is that of strptime. Text without ``%z`` is of the zone, which is UTC without one. Of an hour that a
        change of the clocks leaves out or brings twice, the offset before the change counts.

        parse_time('2026-01-31T10:00:00+01:00') -> "2026-01-31T09:00:00.000Z"
        parse_time(`1769850000`) -> "2026-01-31T09:00:00.000Z"
        parse_time('31.01.2026 09:00', '%d.%m.%Y %H:%M') -> "2026-01-31T09:00:00.000Z"
        parse_time('31.01.2026 09:00', '%d.%m.%Y %H:%M', 'Europe/Berlin') -> "2026-01-31T08:00:00.000Z"
        """
        if not isinstance(value, str):
            try:
                return format_instant(datetime.fromtimestamp(value, UTC))
            except (ValueError, OverflowError, OSError):
                raise _outside() from None
        if form is None:
            return format_instant(_instant(value))
        directives = _directives(form)
        if len(set(directives)) < len(directives):
            raise EvaluationError(f"format {form!r} names a part twice")
        place = find_zone(zone, EvaluationError)
        try:
            instant = datetime.strptime(value, form)  # noqa: DTZ007 (the next line gives it its offset)
            return format_instant(instant if instant.tzinfo else instant.replace(tzinfo=place).astimezone(UTC))
        except (ValueError, OverflowError):
            raise EvaluationError(f"{value[:100]!r} is not of the format {form!r}") from None

    @signature(TEXT, TEXT, optional(TEXT))
    def _func_format_time(self, time: str, form: str, zone: str = "UTC") -> str:
        """format_time(time, format, zone?): an instant in a strftime format, in UTC or a time zone.

        Zones have the names of the IANA database. ``%Z`` is the short name of the zone.

        format_time('2026-01-31T09:00:00Z', '%d.%m.%Y') -> "31.01.2026"
        format_time('2026-01-31T09:00:00Z', '%H:%M %Z', 'Europe/Berlin') -> "10:00 CET"
        """
        _directives(form, _SHOWN)
        return _local(time, zone).strftime(form)

    @signature(TEXT, NUMBER, optional(TEXT), optional(TEXT))
    def _func_add_time(self, time: str, amount: Number, unit: str = "seconds", zone: str = "UTC") -> str:
        """add_time(time, amount, unit?, zone?): an instant later, or earlier.

        Units are seconds, minutes, hours, days, weeks, months and years. Days and longer units are those of the
        calendar of the zone: the hour stays the same where the clocks change. A month that has no such day ends with
        its last one.

        add_time('2026-01-31T09:00:00Z', `90`) -> "2026-01-31T09:01:30.000Z"
        add_time('2026-01-31T09:00:00Z', `-1`, 'days') -> "2026-01-30T09:00:00.000Z"
        add_time('2026-01-31T09:00:00Z', `1`, 'months') -> "2026-02-28T09:00:00.000Z"
        add_time('2026-03-28T12:00:00Z', `1`, 'days', 'Europe/Berlin') -> "2026-03-29T11:00:00.000Z"
        """
        if unit not in (*_UNITS, *_MONTHS):
            raise EvaluationError(f"add_time() knows {', '.join((*_UNITS, *_MONTHS))}, not {unit!r}")
        start = _instant(time) if unit in _CLOCK else _local(time, zone)
        months = whole(amount, unit) * _MONTHS[unit] if unit in _MONTHS else None
        try:
            moved = start + timedelta(**{unit: amount}) if months is None else _months_later(start, months)
            return format_instant(moved.astimezone(UTC))
        except (ValueError, OverflowError):
            raise _outside() from None

    @signature(TEXT, TEXT)
    def _func_seconds_between(self, start: str, end: str) -> Number:
        """seconds_between(start, end): seconds from one instant to another, below 0 if it is earlier.

        seconds_between('2026-01-31T09:00:00Z', '2026-01-31T10:00:00Z') -> 3600
        """
        milliseconds = (_instant(end) - _instant(start)) // timedelta(milliseconds=1)
        return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise EvaluationError(f"{text[:100]!r} is no instant, as 2026-01-31T09:00:00Z or with an offset is") from None


def _local(time: str, zone: str) -> datetime:
    try:
        return _instant(time).astimezone(find_zone(zone, EvaluationError))
    except OverflowError:
        raise _outside() from None


def _months_later(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    last = monthrange(start.year + years, month + 1)[1]
    return start.replace(year=start.year + years, month=month + 1, day=min(start.day, last))


def _outside() -> EvaluationError:
    return EvaluationError("the instant is outside of the years 1 to 9999")


def _directives(form: str, known: str = _DIRECTIVES) -> list[str]:
    """List the directives of a format; those that depend on the machine are refused."""
    if len(form) > _MAX_FORMAT:
        raise EvaluationError(beyond("function_format", f"format is longer than {_MAX_FORMAT} characters"))
    directives = re.findall("%(.?)", form, re.DOTALL)
    unknown = next((each for each in directives if each not in known or not each), None)
    if unknown is not None:
        raise EvaluationError(f"format {form!r} holds %{unknown}; known are {' '.join('%' + each for each in known)}")
    return [each for each in directives if each != "%"]
