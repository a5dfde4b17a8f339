import time

from chalicelib.adapters.clock import SystemClock
from chalicelib.core.values.json import format_instant, parse_instant


def test_it_tells_the_time_of_the_machine_to_whole_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    now = SystemClock().now()
    after = time.time_ns() // 1_000_000
    assert before <= round(now.timestamp() * 1000) <= after
    assert parse_instant(format_instant(now)) == now
