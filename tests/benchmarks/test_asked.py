from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.asked import past
from benchmarks.harness import ENDS_WITHIN


@pytest.mark.parametrize("time", ["01:29:45", "01:59:59", "23:59:50", "00:29:59", "00:10:00"])
def test_a_schedule_is_due_and_its_next_time_is_far_at_whatever_time_it_is_measured(time: str) -> None:
    now = datetime.fromisoformat(f"2026-12-31T{time}").replace(tzinfo=UTC)
    before = past(now).after(now - timedelta(hours=1))
    assert before is not None
    assert before <= now
    after = past(now).after(now)
    assert after is not None
    assert after > now + ENDS_WITHIN
