"""The wall clock of a time zone, and its changes; the time that it shows is written as if it were UTC."""

from datetime import datetime, timedelta, tzinfo

from chalicelib.core.values.value import value

SECOND = timedelta(seconds=1)
NEAR = timedelta(hours=3)
"""A change that is nearer may show again what was shown before, or pass it over: no zone moves its clocks further."""


@value
class WallClock:
    """The clocks of a zone; instants are in UTC."""

    zone: tzinfo

    def offset(self, instant: datetime, *, first: bool = False) -> timedelta:
        """Tell by how much clocks are ahead of UTC; ``first`` is where they show the same time first."""
        local = instant.astimezone(self.zone)
        return (local.replace(fold=0) if first else local).utcoffset() or timedelta()

    def instant(self, shown: datetime) -> datetime:
        """Tell when clocks show a time first; where they pass it over, the first instant behind the gap."""
        local = shown.replace(tzinfo=self.zone)
        before, after = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        changed = self.changed(shown - after, shown - before, before) if after > before else None
        return shown - before if changed is None else changed

    def changed(self, start: datetime, end: datetime, offset: timedelta) -> datetime | None:
        """Find between two instants the first one at which clocks are no longer ahead by so much as at the start.

        Where the end is before the start it is the last one. None: none is found.
        """
        way = SECOND if end > start else -SECOND
        for far in (start + min(abs(end - start), NEAR) // SECOND * way, end):
            if self.offset(far) != offset:
                near = 0
                beyond = abs(far - start) // SECOND
                while beyond - near > 1:
                    middle = (near + beyond) // 2
                    near, beyond = (near, middle) if self.offset(start + middle * way) != offset else (middle, beyond)
                return start + beyond * way
        return None
