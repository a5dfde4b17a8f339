from operations.pace import Pace


class Clock:
    """It goes on while somebody sleeps."""

    now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_reads_take_as_long_as_their_units_at_the_rate() -> None:
    clock = Clock()
    pace = Pace(50, clock.read, clock.sleep)
    for _ in range(101):
        pace.wait()
        pace.spend(5)
    assert pace.spent == 505
    assert 8.9 < clock.now < 9.1, "500 units, of which 50 were in the bucket"


def test_what_one_read_overdraws_is_waited_for_before_the_next() -> None:
    clock = Clock()
    pace = Pace(10, clock.read, clock.sleep)
    pace.wait()
    pace.spend(110)
    pace.wait()
    assert clock.now == 10


def test_a_bucket_holds_no_more_than_those_of_a_second() -> None:
    clock = Clock()
    pace = Pace(10, clock.read, clock.sleep)
    clock.sleep(1000)
    pace.wait()
    pace.spend(30)
    pace.wait()
    assert clock.now == 1002
