"""What a publisher hears of an event that is matched by name and key."""

from typing import Any

from tests.application import Sedo, T


def test_a_repeat_is_answered_as_the_first_was_and_says_until_when_that_is_kept(sedo: Sedo) -> None:
    body: dict[str, Any] = {"key": "7", "data": {"amount": 7}, "id": "order-7", "keepSeconds": 100}
    first = sedo.ask("POST", f"{T}/events/paid", body)
    assert (first.json_body["state"], first.json_body["keptUntil"]) == ("kept", "2026-01-01T00:01:40.000Z")
    sedo.pass_time(60)
    assert sedo.ask("POST", f"{T}/events/paid", body).json_body == first.json_body
