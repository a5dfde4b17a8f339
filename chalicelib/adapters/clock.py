"""The clock of the machine."""

import time
from datetime import UTC, datetime

from chalicelib.core.values import truncate


class SystemClock:
    """Tells the time."""

    def now(self) -> datetime:
        """Tell the instant."""
        return truncate(datetime.now(UTC))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
