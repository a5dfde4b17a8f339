from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.core.values import encode, format_instant, parse_instant

TEHRAN = timezone(timedelta(hours=3, minutes=30))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00.000Z"),
        (datetime(2026, 1, 31, 9, 0, 0, 999_999, tzinfo=UTC), "2026-01-31T09:00:00.999Z"),
        (datetime(2026, 1, 31, 9, tzinfo=TEHRAN), "2026-01-31T05:30:00.000Z"),
        (datetime(33, 4, 3, 15, tzinfo=UTC), "0033-04-03T15:00:00.000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(instant: datetime, text: str) -> None:
    assert format_instant(instant) == text
    assert format_instant(parse_instant(text)) == text


@pytest.mark.parametrize(("value", "text"), [({"a": [1, "ö"]}, '{"a":[1,"ö"]}'), ("\ud800ö", '"\\ud800\\u00f6"')])
def test_json_is_written_compactly_half_a_surrogate_pair_as_an_escape(value: object, text: str) -> None:
    assert encode(value) == text.encode()
