"""What a value may be is the same at every door: what is within the bounds comes in, and what is beyond does not."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.limits import beyond
from tests.application import JSON, Sedo, T
from tests.loopback import Reply, loopback

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

BOUNDS: Mapping[str, tuple[Callable[[int], str], int]] = {
    "levels": (lambda n: "[" * n + "]" * n, 50),
    "levels of objects": (lambda n: '{"a":' * n + "1" + "}" * n, 50),
    "a key": (lambda n: f'{{"{"x" * n}":1}}', 8_192),
    "digits": (lambda n: "9" * n, 4_300),
    "items": (lambda n: f"[{'0,' * (n - 1)}0]", 1_000_000),
}
"""Makes the JSON of a value so large, and how large one may be."""
SMALL = [name for name in BOUNDS if name != "items"]

ASK: "dict[str, Json]" = {"id": "ask", "type": "callback"}
PAID: "dict[str, Json]" = {"id": "paid", "type": "event", "name": "paid", "key": "k"}
SENT: "dict[str, Json]" = {"id": "paid", "type": "event", "name": "paid"}
TASK: "dict[str, Json]" = {"id": "do", "type": "task", "title": "Do it"}
ECHO: "dict[str, Json]" = {"id": "say", "type": "echo", "message": "${input}"}


def begun(sedo: Sedo, *steps: "dict[str, Json]", value: str = "null") -> Any:
    """Start an execution of some steps; answer it as it stands, or None if it was refused."""
    definition: dict[str, Json] = {"id": "d", "steps": [*steps]}
    assert sedo.ask("POST", T + "/definitions", definition).status_code in {200, 201}
    answer = sedo.ask("POST", T + "/definitions/d/execute", f'{{"input":{value}}}'.encode())
    if answer.status_code == 400:
        return None
    assert answer.status_code == 201, answer.body
    sedo.deliver()
    return sedo.get(f"/executions/{answer.json_body['id']}")


def taken(sedo: Sedo, path: str, body: str) -> bool:
    """Send a value; tell whether it was taken and the step succeeded, or it was refused."""
    answer = sedo.ask("POST", path, body.encode(), {**JSON, "X-Sedo-User": "ada"})
    if answer.status_code == 400:
        return False
    assert answer.status_code in {200, 202, 204}, answer.body
    sedo.deliver()
    (execution,) = sedo.get("/executions")
    assert execution["state"] in {"ExecutionSucceeded", "ExecutionFailed"}
    return True


def token(sedo: Sedo) -> str:
    (wait,) = begun(sedo, ASK)["waitingFor"]
    return str(wait["token"])


def by_start(sedo: Sedo, value: str) -> bool:
    return begun(sedo, ECHO, value=value) is not None


def by_upload(sedo: Sedo, value: str) -> bool:
    upload = sedo.ask("POST", T + "/uploads").json_body["id"]
    sedo.ask("PUT", f"{T}/uploads/{upload}/1", value.encode(), {"Content-Type": "application/octet-stream"})
    assert sedo.ask("POST", T + "/definitions", {"id": "d", "steps": [ECHO]}).status_code in {200, 201}
    answer = sedo.ask("POST", T + "/definitions/d/execute", {"upload": upload})
    assert answer.status_code in {201, 400}, answer.body
    return bool(answer.status_code == 201)


def by_sent_event(sedo: Sedo, value: str) -> bool:
    execution = begun(sedo, SENT)["id"]
    return taken(sedo, f"{T}/executions/{execution}/events/paid", f'{{"data":{value}}}')


def by_published_event(sedo: Sedo, value: str) -> bool:
    begun(sedo, PAID)
    return taken(sedo, T + "/events/paid", f'{{"key":"k","data":{value}}}')


def by_task(sedo: Sedo, value: str) -> bool:
    begun(sedo, TASK)
    (task,) = sedo.get("/tasks")
    return taken(sedo, f"{T}/tasks/{task['id']}/complete", f'{{"answer":{value}}}')


def by_callback(sedo: Sedo, value: str) -> bool:
    return taken(sedo, f"/sedo/callbacks/{token(sedo)}/succeed", value)


def by_error(sedo: Sedo, value: str) -> bool:
    return taken(sedo, f"/sedo/callbacks/{token(sedo)}/fail", f'{{"details":{value}}}')


def by_dry_run(sedo: Sedo, value: str) -> bool:
    assert sedo.ask("POST", T + "/definitions", {"id": "d", "steps": [ECHO]}).status_code in {200, 201}
    answer = sedo.ask("POST", T + "/definitions/d/test", f'{{"input":{value}}}'.encode())
    assert answer.status_code in {200, 400}, answer.body
    return bool(answer.status_code == 200)


def by_text(sedo: Sedo, value: str) -> bool:
    steps: tuple[dict[str, Json], ...] = ({"id": "a", "type": "transform", "output": "${from_json(input)}"},)
    quoted = '"' + value.replace('"', '\\"') + '"'
    return bool(begun(sedo, *steps, value=quoted)["state"] == "ExecutionSucceeded")


DOORS: Mapping[str, Callable[[Sedo, str], bool]] = {
    "the input": by_start,
    "an upload": by_upload,
    "an event of an execution": by_sent_event,
    "an event by key": by_published_event,
    "the answer of a task": by_task,
    "a callback": by_callback,
    "an error": by_error,
    "a dry run": by_dry_run,
    "a text": by_text,
}


@pytest.mark.parametrize("bound", SMALL)
@pytest.mark.parametrize("door", DOORS)
def test_a_value_within_the_bounds_comes_in(sedo: Sedo, door: str, bound: str) -> None:
    make, most = BOUNDS[bound]
    assert DOORS[door](sedo, make(most))


@pytest.mark.parametrize("bound", SMALL)
@pytest.mark.parametrize("door", DOORS)
def test_one_beyond_them_does_not(sedo: Sedo, door: str, bound: str) -> None:
    make, most = BOUNDS[bound]
    assert not DOORS[door](sedo, make(most + 1))


def test_nor_does_one_of_too_many_items(sedo: Sedo) -> None:
    make, most = BOUNDS["items"]
    assert not by_start(sedo, make(most + 1))


@pytest.mark.parametrize(("more", "name"), [(0, None), (1, "http.BadAnswer")])
def test_an_answer_over_http_is_one_with_its_status_and_headers(sedo: Sedo, more: int, name: str | None) -> None:
    body = BOUNDS["levels"][0](49 + more).encode()
    with loopback() as server:
        server.answers["/deep"] = Reply(headers={"Content-Type": "application/json"}, body=body)
        found = begun(sedo, {"id": "get", "type": "http", "url": f"{server.url}/deep"})
    assert (found["error"] and found["error"]["name"]) == name


@pytest.mark.parametrize(
    "nest", [{"output": ["${input}"]}, {"output": {"b": "${input}"}}, {"stash": {"s": ["${input}"]}}]
)
def test_templates_make_no_more_than_that_around_what_they_pass_on(sedo: Sedo, nest: "dict[str, Json]") -> None:
    step: dict[str, Json] = {"id": "a", "type": "transform", **nest}
    make = BOUNDS["levels"][0]
    assert begun(sedo, step, value=make(49))["state"] == "ExecutionSucceeded"
    failed = begun(sedo, step, value=make(50))
    assert (failed["state"], failed["error"]["name"]) == ("ExecutionFailed", "TooLarge")
    assert "nests deeper than 50 levels" in failed["error"]["message"]


def test_parameters_are_held_to_it_too(sedo: Sedo) -> None:
    failed = begun(sedo, {"id": "a", "type": "echo", "message": ["${input}"]}, value=BOUNDS["levels"][0](50))
    assert failed["error"]["name"] == "TooLarge"
    assert failed["error"]["message"] == beyond("value_depth", "the value of parameters nests deeper than 50 levels")
