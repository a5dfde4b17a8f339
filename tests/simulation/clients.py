"""Who uses the API: clients with executions and requests, people with tasks, other systems with tokens and events.

Each says it again until there is an answer, unless nobody is to repeat anything.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.core.executions.model import Signal, Status
from chalicelib.core.values.errors import SedoError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.waits.task import Person, TaskStatus
from chalicelib.usecases.executions import ExecutionService
from tests.simulation.faults import Killed
from tests.simulation.settings import MINUTE, PERSON, START, TENANT

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Demand:
    """What a client asks for, this many seconds after the start: to cancel, pause, resume or redrive."""

    at: float
    do: str
    step: str | None = None
    stash: Mapping[str, Json] = field(default_factory=dict)
    version: int | None = None
    again: bool = False
    budget: float | None = None
    """The dollars with which to resume it."""
    child: str | None = None
    """The definition of the child execution that it is asked of, if it is not of the execution itself."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody outside answers: a person to a task, or another system with an event, this many seconds after the
    start; and again until it is heard."""

    at: float
    do: str
    """To complete or reject a task, to answer a callback, to send an event to the execution, to publish one by key."""
    step: str = ""
    """Whose task or callback it is."""
    who: str = PERSON
    result: Json = None
    name: str = ""
    """Of the event."""
    event_key: str = ""
    keep: float = 86400
    """Seconds for which the event is kept."""
    id: str | None = None
    """By which a repeat is known, if the scenario has one."""


class Clients:
    """Those who start executions and make requests, each again until there is an answer."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.answered: list[str] = []
        """The executions that they were told of."""

    def execute(self, definition: str, value: Json, name: str | None = None, version: int | None = None) -> None:
        """Be a client who starts an execution, and who tries a named one again until it is answered."""
        service = self.world.api.executions()

        def ask() -> None:
            try:
                self.answered.append(service.execute(TENANT, definition, value, name, version)[0].id)
            except (Killed, SedoError):
                if name is not None:
                    self.world.processes.spawn("client", ask)

        self.world.processes.spawn("client", ask)

    def once(self, definition: str, value: Json, name: str) -> None:
        """Be a client who starts an execution and takes no for an answer."""
        service = self.world.api.executions()
        self.world.processes.spawn(
            "client", lambda: self.answered.append(service.execute(TENANT, definition, value, name)[0].id)
        )

    def demand(self, execution: str, demands: Sequence[Demand]) -> None:
        """Be a client who asks for one thing after the other at their times, and again until it is answered."""
        if not demands:
            return
        (first, *others), service, before = demands, self.world.api.executions(), [0]

        def ask() -> None:
            name = self.whose(execution, first)
            item = name and self.world.executions.get(name)
            if item:
                try:
                    request(service, item.id, first)
                except (Killed, UnavailableError):
                    if self.world.settings.repeats:
                        self.world.processes.spawn("client", ask)
                        return
                except SedoError:
                    item = self.world.executions.get(item.id)
            too_early = first.do == "redrive" and item and not item.ended and item.redrives == before[0]
            if self.world.settings.repeats and (not item or too_early or self.is_unspent(item.id, first)):
                self.world.processes.appoint(self.world.clock.now() + MINUTE, ask)
            else:
                self.demand(execution, others)

        def begin() -> None:
            before[0] = self.redriven(execution)
            ask()

        at = max(self.world.clock.now(), START + timedelta(seconds=first.at))
        self.world.processes.appoint(at, begin)

    def whose(self, execution: str, demand: Demand) -> str | None:
        """Find the execution that a request is for."""
        if demand.child is None:
            return execution
        return next((item.id for item in self.world.all() if item.definition_id == demand.child), None)

    def is_unspent(self, execution: str, demand: Demand) -> bool:
        """Tell whether an execution has not been paused yet that is to be resumed with a budget."""
        item = self.world.executions.get(execution) if demand.budget is not None else None
        return item is not None and not item.ended and item.budget != demand.budget

    def redriven(self, execution: str) -> int:
        """Count how often an execution has been driven on after its end."""
        item = self.world.executions.get(execution)
        return item.redrives if item else 0


def request(service: ExecutionService, execution: str, demand: Demand) -> None:
    """Make a request."""
    if demand.do == "redrive":
        changes = {name: getattr(demand, name) for name in ("step", "stash", "version", "again")}
        service.redrive(TENANT, execution, PERSON, **changes)
    elif demand.budget is not None:
        service.resume(TENANT, execution, PERSON, demand.budget)
    else:
        getattr(service, demand.do)(TENANT, execution, PERSON)


class Outsiders:
    """People and other systems, who answer what executions wait for, each again until there is an answer."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.refused: list[str] = []
        self.kept: dict[tuple[str, str], datetime] = {}
        """Of events: the execution that they were sent to, and their ids; up to when they are kept."""
        self.taken_up: dict[str, str] = {}
        """Tasks that people have begun, and tokens that others have read, by what they have to say."""

    def say(self, execution: str, sayings: Sequence[Saying]) -> None:
        """Let everybody say what they have to say, each for themselves, at their times."""
        for number, saying in enumerate(sayings):
            speak = partial(self.speak, execution, saying, saying.id or f"s{number}")
            self.world.processes.appoint(START + timedelta(seconds=saying.at), speak)

    def speak(self, execution: str, saying: Saying, key: str) -> None:
        """Be somebody who says something, and again if nobody listens yet, or no answer comes."""
        again = partial(self.speak, execution, saying, key)
        try:
            reached = self.reaches(execution, saying, key)
        except (Killed, UnavailableError):
            if self.world.settings.repeats:
                self.world.processes.spawn("somebody", again)
        except SedoError as refusal:
            self.refused.append(type(refusal).__name__)
        else:
            if not reached and self.world.settings.repeats:
                self.world.processes.appoint(self.world.clock.now() + timedelta(seconds=30), again)

    def reaches(self, execution: str, saying: Saying, key: str) -> bool:
        """Say it; tell whether there is somebody who can hear it."""
        until = self.world.clock.now() + timedelta(seconds=saying.keep)
        signal = Signal(key, saying.name, until, saying.result, saying.who)
        if saying.do == "publish":
            self.world.api.answers().publish(TENANT, saying.name, saying.event_key, signal)
            return True
        item = self.world.executions.get(execution)
        if item is None:
            return False
        if saying.do == "event":
            if not self.world.api.answers().send(TENANT, execution, signal).taken:
                self.kept[execution, key] = until
            return True
        if saying.do == "answer":
            return self.finds_its_token(saying, key) or item.ended
        return self.finds_its_task(execution, saying, key) or item.ended

    def finds_its_task(self, execution: str, saying: Saying, key: str) -> bool:
        """Be a person who looks for a task and does it; they know what they began."""
        mine = [t for t in self.world.every_task() if t.execution_id == execution and t.step.endswith(saying.step)]
        open_ones = [task for task in mine if task.status is TaskStatus.OPEN]
        known = self.taken_up.setdefault(key, open_ones[-1].id) if open_ones else self.taken_up.get(key)
        if known is None:
            return False
        service, person = self.world.api.tasks(), Person(saying.who)
        if saying.do == "claim":
            service.claim(TENANT, known, person)
        elif saying.do == "reject":
            service.reject(TENANT, known, person, str(saying.result), key)
        else:
            service.complete(TENANT, known, person, saying.result, key)
        return True

    def finds_its_token(self, saying: Saying, key: str) -> bool:
        """Be another system that reads the token of a wait where an execution shows it, and answers."""
        for item in self.world.all():
            for thread in () if item.ended else item.threads.values():
                if thread.status is Status.WAITING_FOR_ANSWER and thread.step.endswith(saying.step):
                    self.taken_up.setdefault(key, json.dumps([item.id, thread.id, thread.visit]))
        if key in self.taken_up:
            self.world.api.answers().succeed(self.taken_up[key], saying.result)
        return key in self.taken_up

    def call_back(self, turn: tuple[str, str, int], sayings: Sequence[Mapping[str, Any]]) -> None:
        """Be the other system, which has been handed a token, and answers as the scenario says."""
        for saying in sayings:
            at = self.world.clock.now() + timedelta(seconds=saying.get("after", 0))
            self.world.processes.appoint(at, partial(self.answer_with, turn, saying))

    def answer_with(self, turn: tuple[str, str, int], saying: Mapping[str, Any]) -> None:
        """Answer with a token, and again until that is heard."""
        text, service = json.dumps(turn), self.world.api.answers()
        try:
            match saying:
                case {"heartbeat": True}:
                    service.heartbeat(text)
                case {"error": name}:
                    service.fail(text, name, "no", None)
                case _:
                    service.succeed(text, saying.get("result"))
        except (Killed, UnavailableError):
            if self.world.settings.repeats:
                self.world.processes.spawn("another system", partial(self.answer_with, turn, saying))
        except SedoError as refusal:
            self.refused.append(type(refusal).__name__)
