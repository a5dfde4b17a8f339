"""Two tenants at once, in any order: nothing of one is in an answer to the other, and a key is nowhere but with it."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.access.guarded import Guarded, guarded

CANARY: Mapping[str, str] = {"acme": "canaryofacme", "beta": "canaryofbeta"}
OTHER: Mapping[str, str] = {"acme": "beta", "beta": "acme"}
STEPS: Mapping[str, Json] = {
    "ask": {"id": "ask", "type": "task", "title": "${input}"},
    "call": {"id": "call", "type": "callback"},
    "fail": {"id": "fail", "type": "fail", "error": "Bad", "cause": "${input}"},
    "hear": {"id": "hear", "type": "event", "name": "paid", "key": "${input}"},
}
DO = ("create", "start", "deliver", "cancel", "publish", "complete", "bad")
LOOK = ("definitions", "executions", "tasks", "events/paid", "definitions/{own}-ask")
MOVES = st.lists(
    st.tuples(st.sampled_from([*CANARY]), st.sampled_from([*DO, *LOOK]), st.sampled_from([*STEPS])),
    min_size=10,
    max_size=20,
)


class Tenant:
    """A tenant, and what it has been answered."""

    def __init__(self, sedo: Guarded, name: str) -> None:
        self.sedo, self.name, self.canary = sedo, name, CANARY[name]
        self.key = sedo.key(name, "admin")
        self.started: list[str] = []
        self.answers: list[bytes] = []

    def ask(self, method: str, path: str, body: Json = None) -> Any:
        answer = self.sedo.ask(method, f"/sedo/tenants/{self.name}/{path}", b"" if body is None else body, self.key)
        self.answers.append(answer.body + json.dumps(dict(answer.headers)).encode())
        assert answer.status_code < 500, answer.body
        return answer.json_body

    def do(self, move: str, kind: str, strange: list[str]) -> None:
        """Make a move; look at what there is of one's own, and at what another tenant has by the same way."""
        name = f"{self.canary}-{kind}"
        match move:
            case "create":
                self.ask("POST", "definitions", {"id": name, "title": self.canary, "steps": [STEPS[kind]]})
            case "start":
                answer = self.ask("POST", f"definitions/{name}/execute", {"input": self.canary})
                self.started += [answer["id"]] if "threads" in answer else []
            case "deliver":
                self.sedo.deliver()
            case "cancel":
                for execution in self.started[-1:]:
                    self.ask("POST", f"executions/{execution}/cancel", {"reason": self.canary})
            case "publish":
                self.ask("POST", "events/paid", {"key": self.canary, "data": self.canary})
            case "complete":
                for task in self.ask("GET", "tasks"):
                    self.ask("POST", f"tasks/{task['id']}/complete", {"answer": self.canary})
            case "bad":
                self.ask("POST", "definitions", {"id": self.canary, "steps": [{"id": 1, "type": self.canary}]})
            case _:
                self.look(move, strange)

    def look(self, path: str, strange: list[str]) -> None:
        self.ask("GET", path.format(own=self.canary))
        for execution in self.started[-2:]:
            self.ask("GET", f"executions/{execution}")
            self.ask("GET", f"executions/{execution}/history")
        for execution in strange[-2:]:  # its name is what the other tenant knows: it is not repeated to it by us
            answer = self.sedo.ask("GET", f"/sedo/tenants/{self.name}/executions/{execution}", headers=self.key)
            assert answer.status_code in {403, 404}
            assert answer.json_body["detail"].count(CANARY[OTHER[self.name]]) == 1  # of the path itself


@given(moves=MOVES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_of_one_tenant_is_in_an_answer_to_another(moves: list[tuple[str, str, str]]) -> None:
    with guarded() as sedo:
        tenants = {name: Tenant(sedo, name) for name in CANARY}
        for kind in STEPS:
            for tenant in tenants.values():
                tenant.do("create", kind, [])
        for name, move, kind in moves:
            tenants[name].do(move, kind, tenants[OTHER[name]].started)
        for name, tenant in tenants.items():
            assert any(CANARY[name].encode() in answer for answer in tenant.answers)
            assert not [answer for answer in tenant.answers if CANARY[OTHER[name]].encode() in answer]


def test_a_key_is_in_no_log_no_answer_and_no_history(sedo: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    acme = Tenant(sedo, "acme")
    secret = acme.key["Authorization"].rpartition("_")[2]
    for move, kind in (("create", "fail"), ("start", "fail"), ("deliver", ""), ("bad", ""), ("executions", "")):
        acme.do(move, kind, [])
    wrong = {**acme.key, "Authorization": acme.key["Authorization"][:-1]}
    acme.answers.append(sedo.ask("GET", "/sedo/tenants/acme/executions", headers=wrong).body)
    kept = json.dumps(repr(sedo.stored()))
    assert "canaryofacme" in kept
    entries: Any = wiring().access.service.store
    for text in (caplog.text, kept, repr(vars(entries)), *(answer.decode() for answer in acme.answers)):
        assert secret[:-1] not in text
