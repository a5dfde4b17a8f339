"""What becomes of one workflow when one fault strikes one call: every call of an undisturbed run, every fault."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.payload import PACKING
from chalicelib.core.values.value import copy_with, value
from tests.simulation.faults import Fault, possible
from tests.simulation.invariants import by_thread
from tests.simulation.scenario import Scenario, play, root_of
from tests.simulation.settings import TENANT
from tests.simulation.world import World, ended

if TYPE_CHECKING:
    from tests.simulation.processes import Process

WORKFLOW = """\
id: order
steps:
  - {id: reserve, type: call, content: '${ input }'}
  - {id: cool-off, type: wait, seconds: 60}
  - id: prepare
    type: parallel
    branches:
      - id: money
        steps:
          - {id: charge, type: call, content: '${ output }'}
      - id: goods
        steps:
          - {id: pack, type: call, content: '${ output }'}
  - {id: ship, type: workflow, definition: shipping, input: '${ input }'}
  - {id: thank, type: call, content: '${ output }'}
"""
CHILD = """\
id: shipping
steps:
  - {id: book, type: call, content: '${ input }'}
"""
NAME = "order-1"
"""The caller's own name for the execution: so it can ask again where it got no answer."""


@value
class Point:
    """A call of a port in an undisturbed run."""

    call: str
    """Of the port."""
    event: str
    """Of the message that a function works on; none where it is the caller's request."""
    definition: str
    """Of the execution that it is for."""
    steps: Sequence[str]
    """Where that stands."""
    begins: str = ""
    """The step whose call is begun."""
    sends: Sequence[str] = ()
    """The events of the messages that are sent."""


@value
class Outcome:
    """What was observed after a fault."""

    point: Point
    fault: Fault
    asked: bool
    """The caller asked again."""
    scheduled: bool
    """The schedule found the execution."""
    reread: bool
    """The function that the fault struck read the execution again, and went on."""
    again: bool
    """A message came again, beside the one that came again meanwhile."""
    delay: int
    """How much later the end came, in seconds."""
    calls: int
    """How many there were beyond those of an undisturbed run."""
    messages: int
    """How many there were beyond those of an undisturbed run."""
    same: bool
    """Whether all came to what it does undisturbed: states, outputs, stashes, histories, the keys of effects."""


class Observed(World):
    """A world that takes down who calls what, and where the execution stands then."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.points: list[Point] = []
        self.callers: list[Process] = []
        self.deliveries: dict[str, int] = {}

    def fault(self, name: str) -> Fault | None:
        process = self.processes.current()
        event, execution, submitted = "", f"{TENANT}:order:{NAME}", None
        if process.message is not None:
            message = read_message(json.loads(process.message.body))
            event, execution, submitted = type(message.event).__name__, message.execution, message.submitted
        item = self.executions.get(execution) or submitted
        self.points.append(Point(name, event, execution.split(":")[1], standing(item)))
        self.callers.append(process)
        return super().fault(name)

    def call(self, name: str, action: Callable[[], object]) -> object:
        def noted() -> object:
            before = set(self.queue.messages)
            answer = action()
            sent = [message for message in self.queue.messages.values() if message.id not in before]
            self.note(sends=[json.loads(message.body)["event"] for message in sent])
            return answer

        return super().call(name, noted)

    def made(self, key: CallKey, call: Call, turn: tuple[str, str, int]) -> None:
        super().made(key, call, turn)
        item = self.executions.get(turn[0])
        thread = None if item is None else item.threads.get(turn[1])
        self.note(begins="" if thread is None else last(thread.step))

    def note(self, **more: Any) -> None:
        """Add to what is known of the latest call."""
        if self.points:
            self.points[-1] = copy_with(self.points[-1], **more)

    def deliver(self, message: Any) -> None:
        super().deliver(message)
        self.deliveries[message.id] = message.receives


def standing(item: Execution | None) -> Sequence[str]:
    """Tell the steps at which the threads of an execution stand."""
    threads = () if item is None or item.ended else item.threads.values()
    return tuple(last(thread.step) for thread in threads if thread.status is not Status.JOINING)


def last(path: str) -> str:
    return path.rpartition("/")[2]


def observe(faults: Mapping[int, Fault]) -> Observed:
    """Let the workflow run."""
    document, child = (read_yaml(text.encode(), 10_000)[0] for text in (WORKFLOW, CHILD))
    scenario = Scenario("order", "An order", document, [child], input={"order": 1}, name=NAME)
    world = play(scenario, kind=Observed, faults=faults, limits=copy_with(PACKING, tail=300))
    assert isinstance(world, Observed)
    return world


@cache
def undisturbed() -> Observed:
    return observe({})


@cache
def outcomes() -> Sequence[Sequence[Outcome]]:
    """Let every fault strike every call, each in a run of its own; what only a message can meet strikes no caller."""
    return [
        [
            struck(place, fault)
            for fault in Fault
            if fault in possible(point.call) and (point.event or fault is not Fault.REDELIVER)
        ]
        for place, point in enumerate(undisturbed().points)
    ]


def struck(place: int, fault: Fault) -> Outcome:
    """Let a fault strike a call, by its number."""
    reference, world = undisturbed(), observe({place: fault})
    point, caller = reference.points[place], world.callers[place]
    later = list(zip(world.faults.calls[place + 1 :], world.callers[place + 1 :], strict=True))
    once = 1 if fault is Fault.REDELIVER else 0
    return Outcome(
        point=point,
        fault=fault,
        asked=any(process.name == "client" and process is not caller for _, process in later),
        scheduled=any(process.name == "schedule" for _, process in later),
        reread=any(call == "executions.get" and process is caller for call, process in later),
        again=sum(world.deliveries.values()) - len(world.deliveries) > once,
        delay=round((end(world) - end(reference)).total_seconds()),
        calls=len(world.made_calls) - len(reference.made_calls),
        messages=len(world.deliveries) - len(reference.deliveries),
        same=came_to(world) == came_to(reference),
    )


def end(world: World) -> Any:
    return root_of(world).ended_at


def came_to(world: World) -> Any:
    """Tell all that must be the same, without what differs from run to run."""
    keys = {made.key for made in world.made_calls}
    contents = {(made.key, made.content) for made in world.made_calls}
    return [(ended(item), by_thread(world, item.id)) for item in world.all()], keys, len(contents)
