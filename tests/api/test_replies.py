"""Requests with a key: done once, and answered the same for a day."""

import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from chalice.app import Response

from chalicelib.adapters.memory.replies import MemoryReplies
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.api.contract import ApiRequest, read
from chalicelib.api.executions import ExecutionApi
from chalicelib.api.http import explained
from chalicelib.api.replies import Replies
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.core.records.replies import KeptAnswer
from chalicelib.core.values.errors import KeyInUseError, NotYetError, QuotaError, SedoError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.application import EXECUTE, JSON, Sedo, T, assert_problem, http_request
from tests.home import START, Home

KEY = {**JSON, "Idempotency-Key": "order-17"}
BODY = {"input": {"foo": "bar"}}


class TestStarts:
    def test_the_same_request_again_starts_nothing_and_is_answered_the_same(self, sedo: Sedo) -> None:
        sedo.create()
        first = sedo.ask("POST", EXECUTE, BODY, KEY)
        sedo.pass_time(60)
        again = sedo.ask("POST", EXECUTE, BODY, KEY)
        assert (again.status_code, again.body) == (first.status_code, first.body) == (201, first.body)
        assert again.headers["Location"] == first.headers["Location"]
        assert (again.headers["Idempotency-Replayed"], "Idempotency-Replayed" in first.headers) == ("true", False)
        assert len(sedo.get("/executions")) == 1

    def test_another_request_under_its_key_is_refused(self, sedo: Sedo) -> None:
        sedo.create()
        sedo.ask("POST", EXECUTE, BODY, KEY)
        conditional = {**KEY, "If-Match": "*"}
        for path, body, headers in (
            (EXECUTE, {"input": {"foo": "baz"}}, KEY),
            (f"{EXECUTE}?wait=1", BODY, KEY),
            (EXECUTE, BODY, conditional),
        ):
            problem = assert_problem(sedo.ask("POST", path, body, headers), 422)
            assert "'order-17' was sent with another request" in problem["detail"]
        assert len(sedo.get("/executions")) == 1

    def test_a_day_later_it_is_another_request(self, sedo: Sedo) -> None:
        sedo.create()
        first = sedo.ask("POST", EXECUTE, BODY, KEY).json_body["id"]
        sedo.clock.instant += timedelta(days=1)
        assert sedo.ask("POST", EXECUTE, BODY, KEY).json_body["id"] != first

    def test_a_key_belongs_to_a_caller_and_a_tenant(self, sedo: Sedo) -> None:
        sedo.create()
        ada, bob = ({**KEY, "X-Sedo-User": user} for user in ("ada", "bob"))
        ids = {sedo.ask("POST", EXECUTE, BODY, headers).json_body["id"] for headers in (KEY, ada, bob)}
        assert len(ids) == 3
        assert_problem(sedo.ask("POST", EXECUTE.replace("123", "124"), BODY, KEY), 404)


LINES = [{"number": n, "of": f"line {n} \u00fc \U0001f600", "price": 1e-7 * n} for n in range(500)]


class TestLargeInputs:
    """An answer is kept without what its request brings, and is the same however the execution goes on."""

    TEXTS = (
        json.dumps({"input": {"lines": LINES, "most": 10**30}}),
        json.dumps({"input": {"lines": LINES}}, ensure_ascii=False, separators=(",", ":")),
        json.dumps({"input": [1.0, -0.0, 1e22, LINES]}, indent=3),
    )

    @pytest.mark.parametrize("body", TEXTS, ids=["ascii", "compact", "indented"])
    @pytest.mark.parametrize("step", ["type: wait, seconds: 30", "type: callback", "type: succeed"])
    def test_a_repeat_is_answered_the_same_bytes(self, sedo: Sedo, body: str, step: str) -> None:
        sedo.create(f"{{id: example-definition, steps: [{{id: only, {step}}}]}}")
        first = sedo.ask("POST", EXECUTE, body.encode(), KEY)
        sedo.ask("POST", f"{first.headers['Location']}/cancel", {})  # one that has ended is not changed
        again = sedo.ask("POST", EXECUTE, body.encode(), KEY)
        assert (again.status_code, again.body) == (first.status_code, first.body) == (201, first.body)
        differing = {name for name, _ in first.headers.items() ^ again.headers.items()}
        assert differing == {"X-Request-Id", "Idempotency-Replayed"}
        assert len(kept_reply().body) < len(first.body) / 10


def kept_reply() -> KeptAnswer:
    """Find the only answer that is kept."""
    store: Any = wiring().routes.executions.support.replies.store
    ((holder, _, _),) = store.holders.values()
    return holder.reply


def test_what_was_refused_is_refused_again(sedo: Sedo) -> None:
    assert_problem(sedo.ask("POST", EXECUTE, BODY, KEY), 404)
    sedo.create()
    again = sedo.ask("POST", EXECUTE, BODY, KEY)
    assert_problem(again, 404)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 201, "ü"])
def test_a_key_is_an_id(sedo: Sedo, odd: str) -> None:
    sedo.create()
    assert_problem(sedo.ask("POST", EXECUTE, BODY, {**JSON, "Idempotency-Key": odd}), 400)


def test_a_repeat_while_the_first_is_under_way_is_told_when_to_ask_again(sedo: Sedo) -> None:
    sedo.create()
    sedo.ask("POST", EXECUTE, BODY, KEY)
    store: Any = wiring().routes.executions.support.replies.store
    ((name, (holder, since, until)),) = store.holders.items()
    store.holders[name] = copy_with(holder, reply=None), since, until  # as it is before the answer
    again = sedo.ask("POST", EXECUTE, BODY, KEY)
    assert_problem(again, 409)
    assert again.headers["Retry-After"] == "1"


class Once:
    """One request with a key, answered by whatever is given."""

    def __init__(self) -> None:
        self.clock, self.seeds = MemoryClock(START), list[str]()
        self.use(MemoryReplies())
        support = Home().wiring.routes.executions.support
        http = http_request("POST", "/sedo/tenants/t/definitions/d/execute", {"Idempotency-Key": "k"})
        self.request = read("execute_definition", http, ("t", "d"), support)

    def use(self, store: MemoryReplies) -> None:
        numbers = count()
        self.replies = Replies(store, self.clock, lambda: f"seed-{next(numbers)}")

    def ask(self, status: int = 201) -> Response:
        def respond(request: ApiRequest) -> Response:
            self.seeds.append(str(request.seed))
            return Response("{}", {}, status)

        return self.replies.once(self.request, respond)


class TestFaults:
    def test_a_repeat_while_the_first_is_under_way_is_a_conflict(self) -> None:
        once = Once()

        def respond(_: ApiRequest) -> Response:
            with pytest.raises(KeyInUseError, match="under way: ask again"):
                once.ask()
            return Response("{}", {}, 201)

        assert once.replies.once(once.request, respond).status_code == 201
        assert (once.ask().status_code, once.seeds) == (201, [])

    @pytest.mark.parametrize("error", [QuotaError("it is full", 7), NotYetError("others are at it")])
    def test_what_cannot_be_done_for_the_moment_is_tried_again_by_the_same_names(self, error: SedoError) -> None:
        def refuse() -> Response:
            raise error

        once = Once()
        refused = once.replies.once(once.request, lambda _: explained(refuse))
        assert refused.headers["Retry-After"] in {"7", "1"}
        assert (once.ask().status_code, once.seeds) == (201, ["seed-0"])

    def test_what_sedo_could_not_do_is_tried_again_by_the_same_names(self) -> None:
        once = Once()
        assert [once.ask(status).status_code for status in (503, 500, 201, 503)] == [503, 500, 201, 201]
        assert once.seeds == ["seed-0"] * 3

    def test_what_raises_is_tried_again(self) -> None:
        once = Once()

        def respond(_: ApiRequest) -> Response:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            once.replies.once(once.request, respond)
        assert once.ask().status_code == 201

    def test_what_died_is_done_again_by_the_same_names_after_a_minute(self) -> None:
        class Dying(MemoryReplies):
            def let_go(self, name: str) -> None:
                """A function that died does nothing more."""

        def respond(_: ApiRequest) -> Response:
            raise SystemExit

        once = Once()
        once.use(Dying())
        with pytest.raises(SystemExit):
            once.replies.once(once.request, respond)
        once.clock.instant += timedelta(seconds=60)
        with pytest.raises(KeyInUseError):
            once.ask()
        once.clock.instant += timedelta(seconds=1)
        assert (once.ask().status_code, once.seeds) == (201, ["seed-0"])

    def test_an_answer_that_could_not_be_kept_is_given(self) -> None:
        class Silent(MemoryReplies):
            def keep(self, *_: object) -> None:
                raise UnavailableError

        once = Once()
        once.use(Silent())
        assert once.ask().status_code == 201

    def test_where_the_store_does_not_answer_nothing_is_done(self) -> None:
        class Silent(MemoryReplies):
            def claim(self, *_: object) -> None:
                raise UnavailableError

        once = Once()
        once.use(Silent())
        with pytest.raises(UnavailableError):
            once.ask()
        assert once.seeds == []


def test_without_a_key_nothing_is_kept() -> None:
    home = Home()
    home.create({"type": "echo", "message": "hi"})
    asked = http_request("POST", "/sedo/tenants/t/definitions/d/execute", {})
    routes = home.wiring.routes
    assert routes.executions.execute_definition(asked, "t", "d").status_code == 201
    store: Any = routes.executions.support.replies.store
    assert store.holders == {}


def test_a_start_that_died_after_it_is_the_same_execution_the_second_time() -> None:
    home = Home()
    home.create({"type": "echo", "message": "hi"})
    asked = http_request("POST", "/sedo/tenants/t/definitions/d/execute", {})
    api = home.wiring.routes.executions
    seeded = copy_with(read("execute_definition", asked, ("t", "d"), api.support), seed="0f")
    first, again = (ExecutionApi.execute_definition.__wrapped__(api, seeded) for _ in range(2))  # type: ignore[attr-defined] # the operation itself
    assert (first.status_code, again.status_code) == (201, 200)
    assert [summary.id for summary in home.service.list_executions("t", ExecutionFilter("t"), 9).found] == ["t:d:0f"]


def test_a_start_that_was_not_heard_of_is_the_same_execution_the_second_time() -> None:
    home = Home()
    home.create({"type": "echo", "message": "hi"})
    home.executions.lost_puts = 1
    asked = http_request("POST", "/sedo/tenants/t/definitions/d/execute", {"Idempotency-Key": "k"})
    first, again = (home.wiring.routes.executions.execute_definition(asked, "t", "d") for _ in range(2))
    assert (first.status_code, again.status_code) == (503, 200)
    assert [*home.executions.items] == [json.loads(again.body)["id"]]


def test_every_change_by_post_takes_a_key(sedo: Sedo) -> None:
    sedo.create()
    execution = sedo.start()["id"]
    path = f"{T}/executions/{execution}/cancel"
    first, second = (sedo.ask("POST", path, {}, KEY) for _ in range(2))
    assert (first.status_code, second.headers["Idempotency-Replayed"]) == (200, "true")
