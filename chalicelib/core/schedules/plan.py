"""Plans: the instants at which a schedule starts executions, by a cron expression in a time zone or by an interval.

A time of day that does not exist on a day, as clocks go forward, counts at the first instant after the gap; one that is
there twice counts the first time. So a daily start is daily. What is not for a time of day (a minute or an hour that
begins with ``*``) counts as often as clocks show it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schedules.wall_clock import SECOND, WallClock
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import find_zone
from chalicelib.core.values.value import value

_EVERY = re.compile(
    r"P(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})S)?)?"
)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_OF_EVENTBRIDGE = ("cron(", "rate(")
_OF_MACHINES = ("posix/", "right/", "localtime", "posixrules", "Factory")
"""Beginnings of what stands among the zones of some machines, and is no name of the database."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@value
class Plan:
    """When a schedule starts executions: one of ``cron`` and ``every`` is set."""

    cron: str = ""
    """Minute, hour, day of the month, month and day of the week (crontab(5))."""
    zone: str = "UTC"
    """The time zone of ``cron`` (IANA, "Time Zone Database")."""
    every: str = ""
    """An interval without months and years (ISO 8601), counted from 1970-01-01T00:00Z."""

    def check(self, now: datetime) -> None:
        """Refuse a plan that is not valid.

        Raises:
            InvalidError: a part of it cannot be read, the interval is too short or too long, or it has no time.
        """
        if bool(self.cron) == bool(self.every):
            raise InvalidError("a schedule has either cron or every")
        if self.zone.startswith(_OF_MACHINES):
            raise InvalidError(f"there is no time zone {self.zone!r}: it is a name as Europe/Berlin")
        if self.after(now) is None:
            raise InvalidError(f"cron {self.cron!r} names a day that does not exist")

    def after(self, instant: datetime) -> datetime | None:
        """Tell the first time after an instant, in UTC; None: there is none within 50 years.

        Raises:
            InvalidError: it is no plan.
        """
        if self.every:
            step = _interval(self.every)
            return _EPOCH + ((instant - _EPOCH) // step + 1) * step
        return self._next(instant.replace(microsecond=0))

    def newest(self, first: datetime, now: datetime) -> datetime:
        """Tell the newest time up to now, of which ``first`` is one."""
        if self.every:
            step = _interval(self.every)
            return _EPOCH + (now - _EPOCH) // step * step
        return max(first, self._next(now.replace(microsecond=0) + SECOND, reverse=True) or first)

    def _next(self, start: datetime, *, reverse: bool = False) -> datetime | None:
        """Tell the first time of ``cron`` after an instant, or the last one before it."""
        clock = WallClock(find_zone(self.zone, InvalidError))
        is_of_day = not any(field.startswith("*") for field in self.cron.split()[:2])
        return (_time_of_day if is_of_day else _time_shown)(clock, self.cron, start, reverse=reverse)

    def following(self, instant: datetime | None, count: int) -> Sequence[datetime]:
        """Tell some times, beginning with one of them; None: there are none."""
        return [*islice(self._from(instant), count)]

    def _from(self, instant: datetime | None) -> Iterator[datetime]:
        while instant is not None:
            yield instant
            instant = self.after(instant)


def _interval(text: str) -> timedelta:
    found = _EVERY.fullmatch(text)
    if found is None or not any(found.groups()) or text.endswith("T"):
        raise InvalidError(f"every {text!r} is no duration of weeks, days, hours, minutes and seconds, as PT15M or P1D")
    step = timedelta(**{unit: int(number or 0) for unit, number in zip(_UNITS, found.groups(), strict=True)})
    if step < LIMITS.schedule_shortest:
        least = LIMITS.schedule_shortest.total_seconds()
        raise InvalidError(beyond("schedule_shortest", f"every {text!r} is shorter than {least:g} seconds"))
    if step > LIMITS.longest_time:
        raise InvalidError(beyond("longest_time", f"every {text!r} is longer than {LIMITS.longest_time.days} days"))
    return step


def _time_of_day(clock: WallClock, text: str, start: datetime, *, reverse: bool) -> datetime | None:
    """Find the first instant after one, or the last before it, for a time of day that an expression names."""
    shown = _cron(text, start + clock.offset(start, first=reverse), reverse=reverse)
    return next((time for time in map(clock.instant, shown) if (time < start if reverse else time > start)), None)


def _time_shown(clock: WallClock, text: str, start: datetime, *, reverse: bool) -> datetime | None:
    """Find the first instant after one, or the last before it, at which clocks show what an expression names."""
    way = -SECOND if reverse else SECOND
    changed: datetime | None = start + way
    while changed is not None:
        start, offset = changed - way, clock.offset(changed)
        shown = next(_cron(text, start + offset, reverse=reverse), None)
        if shown is None:
            return None
        time = shown - offset
        changed = clock.changed(start + way, time, offset)
    return time


def _cron(text: str, start: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    """Answer what clocks show at the times after one, or before it; clocks that nobody changes."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only schedules need it

    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise InvalidError(f"cron {text!r} has not five fields: {_five(text, fields)}")
    try:
        return CronSim(text, start, reverse=reverse)
    except CronSimError:
        for number, (name, field) in enumerate(zip(_FIELDS, fields, strict=True)):
            alone = ["*"] * number + [field] + ["*"] * (len(fields) - number - 1)
            if field != "*" and not _is_cron(" ".join(alone)):
                hint = ": any is *" if field == "?" else ""
                raise InvalidError(f"cron {text!r} cannot be read: {field!r} is no {name}{hint}") from None
        raise InvalidError(f"cron {text!r} names a day that does not exist") from None


def _five(text: str, fields: Sequence[str]) -> str:
    """Say which fields are meant; of what other systems take, what to write here."""
    known = _NICKNAMES.get(text.strip().lower())
    hint = f"; write {known}" if known else "; leave out seconds, and the year" if len(fields) > len(_FIELDS) else ""
    if text.lstrip().startswith(_OF_EVENTBRIDGE):
        hint = "; leave out cron( ) and the year, and write * for ?; an interval is every, as PT15M"
    return ", ".join(_FIELDS) + hint


def _is_cron(text: str) -> bool:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only what is wrong needs it

    try:
        CronSim(text, _EPOCH)
    except CronSimError:
        return False
    return True
