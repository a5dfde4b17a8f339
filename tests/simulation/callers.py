"""Callers who start executions under an ``Idempotency-Key``, alone or in bulk, each again until it is answered."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from chalice.app import Response

from chalicelib.adapters.memory.replies import MemoryReplies
from chalicelib.api.contract import KEY, ApiRequest, Declared
from chalicelib.api.http import is_passing, problem_of
from chalicelib.api.replies import Replies
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.errors import NotBegunError, SedoError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import StartInvocation
from chalicelib.engine.send_batcher import SendBatcher
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.start_batches import StartBatches
from tests.application import http_request
from tests.simulation.faults import Killed
from tests.simulation.ports import Caller
from tests.simulation.settings import PERSON, TENANT
from tests.simulation.side_by_side import Promise, Threads

if TYPE_CHECKING:
    from chalicelib.api.admission import Admission
    from chalicelib.api.support import ApiSupport
    from chalicelib.ports import ReplyStore
    from tests.simulation.world import World

AGAIN_AFTER = timedelta(seconds=10)
"""For which a caller waits before it asks again."""
UNHEARD: Mapping[str, Any] = {"status": 503}
"""What a caller knows of a start of which it has heard nothing."""


@dataclass
class Answered:
    """What a caller has heard of each of its starts in the end."""

    results: list[Mapping[str, Any]]
    asked: int = 0
    """How often."""


class Callers:
    """Those who ask again under the key of their request; or without one, for what has a name."""

    def __init__(
        self,
        world: "World",
        replies: type[Replies] = Replies,
        batcher: type[SendBatcher] = SendBatcher,
    ) -> None:
        self.world = world
        self.batcher = batcher
        store = cast("ReplyStore", Caller(world, "replies", MemoryReplies()))
        self.replies = replies(store, world.clock, lambda: world.token() + world.token())

    def start(self, definition: str, starts: Sequence[Mapping[str, Json]], key: str | None) -> Answered:
        """Be a caller of ``execute-batch``, of ``execute`` for a single start; answer what it will know."""
        answered = Answered([UNHEARD] * len(starts))

        def ask() -> None:
            answered.asked += 1
            every = key is not None or answered.asked == 1
            places = [place for place, start in enumerate(starts) if every or is_open(start, answered.results[place])]
            asked = request(key, [starts[place] for place in places])
            try:
                answer = self.replies.once(asked, partial(self.respond, definition))
                self.world.call("client.hear", lambda: None)
            except (Killed, SedoError):
                again()
                return
            for place, result in zip(places, json.loads(str(answer.body)), strict=True):
                answered.results[place] = result
            again()

        def again() -> None:
            left = (
                is_passing(each["status"]) if key else is_open(starts[n], each)
                for n, each in enumerate(answered.results)
            )
            if any(left):
                self.world.processes.appoint(self.world.clock.now() + AGAIN_AFTER, ask)

        self.world.processes.spawn("caller", ask)
        return answered

    def respond(self, definition: str, asked: ApiRequest) -> Response:
        """Answer as the routes do."""
        starts = [*enumerate(asked.body)]
        begin = partial(self.result, definition, asked.seed)
        if len(starts) == 1:
            results = [begin(self.world.api.executions(), starts[0])]
        else:
            batches = StartBatches(self.sharing, self.world.dependencies.clock, lambda: Threads(self.world))
            results = batches.start(starts, begin, lambda each: each[1].get("name"))
        again = {"Retry-After": "1"} if any(is_passing(result["status"]) for result in results) else {}
        return Response(json.dumps(results), again, HTTPStatus.OK)

    def result(
        self, definition: str, seed: str | None, service: ExecutionService | None, each: tuple[int, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Start one of many."""
        number, start = each
        try:
            if service is None:
                raise NotBegunError("the starts before it took too long")
            name = start.get("name") or (None if seed is None else f"{seed}-{number}")
            execution, new = service.execute(TENANT, definition, start["input"], name)
        except SedoError as error:
            return {"status": int(problem_of(error)[0])}
        return {"status": 201 if new else 200, "id": execution.id}

    def sharing(self, size: int, turns: int | None, share: float) -> tuple[ExecutionService, SendBatcher]:
        """Make the use cases of executions for threads that send together, as the application does."""
        world = self.world
        batcher = self.batcher(world.dependencies.queue, size, future=lambda: Promise(world))
        own = copy_with(world.dependencies, queue=batcher)
        own = own if turns is None else copy_with(own, inline_turns=turns)

        def run(submitted: Execution) -> Execution | None:
            return StartInvocation(own, submitted, world.new_request(), world.settings.requesting, share).result()

        return copy_with(world.api.executions(), queue=batcher, run=run), batcher


def is_open(start: Mapping[str, Json], result: Mapping[str, Any]) -> bool:
    """Tell whether a caller without a key asks for a start again: whatever has no name may have started."""
    return "name" in start and is_passing(result["status"])


def request(key: str | None, starts: Sequence[Mapping[str, Json]]) -> ApiRequest:
    """Make a request as the routes get it."""
    return ApiRequest(
        path=Declared("path", {"tenantId": TENANT}),
        query=Declared("query", {}),
        header=Declared("header", {KEY: key}),
        body=starts,
        http=http_request("POST", "/execute-batch", {}, [dict(start) for start in starts]),
        asked={},
        support=cast("ApiSupport", None),
        admission=cast("Admission", SimpleNamespace(actor=PERSON)),
    )
