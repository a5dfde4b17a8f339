"""Places in lists."""

from datetime import datetime

from chalicelib.core.values.value import value


@value
class Position:
    """Where a page of executions, or tasks, goes on: behind the one of this start time and id."""

    started_at: datetime
    id: str
