"""The clock of the machine."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Tells the time."""

    def now(self) -> datetime:
        """Tell the instant, to whole milliseconds."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
