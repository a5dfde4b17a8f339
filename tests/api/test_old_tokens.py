"""Tokens of callbacks after a redrive: whether they count is a matter of the visit."""

from chalice.test import HTTPResponse

from chalicelib.core.values.json import Json
from tests.api.test_answers import ASK, read, started, token
from tests.application import JSON, Sedo, T, assert_problem


def send(sedo: Sedo, token: str, way: str, body: Json) -> HTTPResponse:
    """Answer a step."""
    return sedo.ask("POST", f"/sedo/callbacks/{way}", body, {**JSON, "Authorization": f"Bearer {token}"})


def test_after_a_redrive_it_counts_again_where_the_visit_is_the_same(sedo: Sedo) -> None:
    execution = started(sedo, ASK)
    mine = token(sedo, execution)
    assert send(sedo, mine, "fail", {"name": "bank.Down"}).status_code == 204
    sedo.deliver()
    assert_problem(send(sedo, mine, "succeed", 1), 409)
    assert sedo.ask("POST", f"{T}/executions/{execution}/redrive", {}, JSON).status_code == 200
    assert token(sedo, execution) == mine
    assert send(sedo, mine, "succeed", 2).status_code == 204
    assert read(sedo, execution)["output"] == 2


def test_after_a_redrive_that_changes_something_there_is_another_one(sedo: Sedo) -> None:
    execution = started(sedo, ASK)
    mine = token(sedo, execution)
    send(sedo, mine, "fail", {"name": "bank.Down"})
    sedo.deliver()
    sedo.ask("POST", f"{T}/executions/{execution}/redrive", {"stash": {"a": 1}}, JSON)
    assert token(sedo, execution) != mine
    assert_problem(send(sedo, mine, "succeed", 1), 409)
