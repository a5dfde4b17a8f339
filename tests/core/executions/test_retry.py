from datetime import timedelta

import pytest

from chalicelib.core.definitions.model import RetryPolicy, matches
from chalicelib.core.executions.model import Failure
from chalicelib.core.executions.retry import MEANT, Retry, next_attempt

SECOND = timedelta(seconds=1)
PLAIN = RetryPolicy(["*"], max_attempts=100, interval=SECOND, backoff_rate=2, jitter=False)


def delay(policy: RetryPolicy, taken: int = 0, seed: str = "seed") -> float:
    retry = next_attempt([policy], Failure("No", "no", "step"), {"0": taken}, seed)
    assert retry is not None
    return retry.delay.total_seconds()


@pytest.mark.parametrize(
    ("name", "patterns", "does"),
    [
        ("http.404", ["http.404"], True),
        ("http.404", ["http.40"], False),
        ("http.404", ["http.*"], True),
        ("http", ["http.*"], False),
        ("https.404", ["http.*"], False),
        ("http.client.Gone", ["http.client.*"], True),
        ("Boom", ["Bang", "Boom"], True),
        ("Boom", ["*"], True),
        ("Boom", ["Bo*"], False),
        ("Boom", [], False),
    ],
)
def test_names_families_and_stars(name: str, patterns: list[str], does: bool) -> None:  # noqa: FBT001 - an example
    assert matches(name, patterns) is does


class TestPolicies:
    POLICIES = (
        RetryPolicy(["Busy"], max_attempts=2, interval=SECOND, jitter=False),
        RetryPolicy(["Busy", "http.*"], max_attempts=5, interval=5 * SECOND, jitter=False),
    )

    @pytest.mark.parametrize(
        ("name", "tries", "answer"),
        [
            ("Busy", {}, Retry("0", SECOND, 1)),
            ("Busy", {"1": 4}, Retry("0", SECOND, 1)),
            ("Busy", {"0": 1}, None),
            ("http.500", {"0": 1}, Retry("1", 5 * SECOND, 4)),
            ("http.500", {"1": 1}, Retry("1", 10 * SECOND, 3)),
            ("http.500", {"1": 3}, Retry("1", 40 * SECOND, 1)),
            ("http.500", {"1": 4}, None),
            ("Other", {}, None),
        ],
    )
    def test_the_first_that_matches_counts_for_as_often_as_it_may(
        self, name: str, tries: dict[str, int], answer: Retry | None
    ) -> None:
        assert next_attempt(self.POLICIES, Failure(name, "no", "step"), tries, "seed") == answer

    def test_one_attempt_is_none_more(self) -> None:
        assert next_attempt([RetryPolicy(["*"], max_attempts=1)], Failure("No", "no", "step"), {}, "seed") is None

    def test_by_default_there_are_three_within_seconds(self) -> None:
        policy = RetryPolicy(["*"])
        assert (delay(policy) < 1, delay(policy, 1) < 2) == (True, True)
        assert next_attempt([policy], Failure("No", "no", "step"), {"0": 2}, "seed") is None


class TestDelays:
    @pytest.mark.parametrize(("taken", "seconds"), [(0, 1), (1, 2), (2, 4), (11, 2048), (12, 3600), (98, 3600)])
    def test_they_grow_up_to_the_longest(self, taken: int, seconds: float) -> None:
        assert delay(PLAIN, taken) == seconds

    def test_numbers_beyond_all_bounds_are_the_longest_too(self) -> None:
        assert delay(RetryPolicy(["*"], 100, 9 * SECOND, 1_000_000, 60 * SECOND, jitter=False), 90) == 60

    def test_a_rate_of_one_does_not_grow(self) -> None:
        assert delay(RetryPolicy(["*"], 100, 9 * SECOND, 1, jitter=False), 50) == 9

    def test_whole_milliseconds(self) -> None:
        assert delay(RetryPolicy(["*"], 100, 0.001 * SECOND, 1.5, jitter=False), 1) == 0.002

    def test_jitter_is_the_same_for_the_same_seed(self) -> None:
        policy = RetryPolicy(["*"])
        assert delay(policy, seed="a") == delay(policy, seed="a")
        assert delay(policy, seed="a") == pytest.approx(0.791, abs=0.0005)

    def test_it_is_spread_over_the_whole_delay(self) -> None:
        policy = RetryPolicy(["*"], interval=100 * SECOND)
        delays = sorted(delay(policy, seed=str(n)) for n in range(1000))
        assert 0 <= delays[0] < 2
        assert 98 < delays[-1] <= 100
        assert 45 < sum(delays) / 1000 < 55

    def test_and_never_longer_than_the_longest(self) -> None:
        policy = RetryPolicy(["*"], 100, max_delay=9 * SECOND)
        assert max(delay(policy, 50, str(n)) for n in range(1000)) <= 9


class TestMeant:
    @pytest.mark.parametrize("name", sorted(MEANT))
    def test_a_star_takes_no_error_that_another_attempt_would_repeat_but_its_name_does(self, name: str) -> None:
        failure = Failure(name, "no", "step")
        assert next_attempt([RetryPolicy(["*"])], failure, {}, "seed") is None
        assert next_attempt([RetryPolicy(["*"]), RetryPolicy([name])], failure, {}, "seed") is not None
        family = f"{name.partition('.')[0]}.*"
        assert (next_attempt([RetryPolicy([family])], failure, {}, "seed") is not None) is ("." in name)

    def test_the_errors_that_a_star_does_not_retry(self) -> None:
        assert {
            "TemplateFailed",
            "TemplateBudgetExceeded",
            "InvalidParameters",
            "InvalidOutput",
            "TooLarge",
            "Interrupted",
            "task.Rejected",
        } == MEANT
