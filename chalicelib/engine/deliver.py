"""The last moments of an invocation: send what a state implies, and acknowledge the messages."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.implied import ending, implied
from chalicelib.core.executions.inputs import (
    CloseWait,
    Command,
    Launch,
    Message,
    OpenTask,
    Started,
    Subscribe,
    TimerFired,
    WaitClosed,
)
from chalicelib.core.executions.model import Driver, Execution, Status, Thread
from chalicelib.core.executions.waiting import AnswerWait, ItemJoin, PartitionJoin
from chalicelib.core.records.codec import fits
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import SedoError, StepError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.children import child_execution, end_of, end_of_unawaited, id_taken, refused
from chalicelib.engine.model import (
    Asked,
    Budget,
    Delivery,
    Dependencies,
    Mode,
    Pending,
)
from chalicelib.engine.tally import Tally
from chalicelib.engine.waits import close_wait, open_task, subscribe
from chalicelib.ports import Stale

if TYPE_CHECKING:
    from chalicelib.core.executions.identity import TurnKey
    from chalicelib.core.executions.inputs import Written
    from chalicelib.engine.advance import Advance
    from chalicelib.engine.observers import Committed


MOST_GIVEN_BACK = 2
"""Times that a message is given back to be a timer."""

GIVEN_BACK_FOR = 5
"""Seconds that one is hidden at most to be a timer."""

NEVER_RUN = (Mode.SWEEP, Mode.DEAD_LETTERS)


class Deliver:
    """What an invocation sends and acknowledges; and the state that its three parts share.

    The execution:

    * ``item``: as last read or written (``presumed``: as a message brought it along); None once nothing is left to do;
    * ``ahead``: how far it has come since then, in memory;
    * ``other``: the one that has the id of the one to start;
    * ``written``: the last write; ``bytes_before``: the length of the one before.

    Turns:

    * ``me``: this request as the driver under each message;
    * ``own``: the turns that it may run, each with the message under which it does;
    * ``pending``: the inputs that are not written yet;
    * ``running``: the turns whose calls are in flight;
    * ``late``: those given up whose answers still count: claimed calls over their time, and attempts not written;
    * ``repeatable``: those whose calls may be made any number of times;
    * ``unsure``: those of them in flight that were not written when the call began.

    Messages and child executions:

    * ``unsent``, ``sent``: the commands of a state that are still to be carried out, and those that were;
    * ``again``: the messages that are given back to be timers, with their seconds;
    * ``sent_on``: the turns whose child execution it has run;
    * ``at_rest``: those of them whose child waits, and is put once the turn is written;
    * ``comes_to_rest``: whether the execution to start waits after the steps that were run.
    """

    def __init__(
        self,
        dependencies: Dependencies,
        request: str,
        deliveries: Sequence[Delivery],
        budget: Budget,
        mode: Mode = Mode.MESSAGES,
    ) -> None:
        self.mode = mode
        self.dependencies = dependencies
        self.request = request
        self.deliveries = {delivery.id: delivery for delivery in deliveries}
        self.me = {name: Driver(name, request) for name in self.deliveries}
        self.execution_id = deliveries[0].message.execution
        self.budget = copy_with(budget, turns=0) if mode in NEVER_RUN else budget
        self.calls = dependencies.calls()
        self.item: Execution | None = None
        self.other: Execution | None = None
        self.presumed = False
        self.written: Written | None = None
        self.bytes_before = 0
        self.own: dict[TurnKey, str] = {}
        self.pending: list[Pending] = []
        self.running: set[TurnKey] = set()
        self.late: dict[TurnKey, str] = {}
        self.looked_at = dependencies.clock.now()
        self.unsent: dict[Asked, Sequence[Command]] = {}
        self.sent: set[Asked] = set()
        self.sent_on: set[TurnKey] = set()
        self.at_rest: set[TurnKey] = set()
        self.versions: dict[int, Definition] = {}
        self.turns = self.writes = self.unanswered = 0
        self.turns_per_write = budget.turns_per_write
        self.again: dict[str, int] = {}
        self.has_written = self.comes_to_rest = False
        self.tally = Tally(deliveries, self.looked_at, mode)
        self.unobserved: Committed | None = None
        self.ahead: Advance | None = None
        self.repeatable: set[TurnKey] = set()
        self.unsure: set[TurnKey] = set()

    def definition(self, execution: Execution, version: int | None = None) -> Definition:
        """Look a version of the execution's definition up, by default its own."""
        version = version or execution.definition_version
        if version not in self.versions:
            self.versions[version] = self.read_definition(execution, version)
        return self.versions[version]

    def read_definition(self, execution: Execution, version: int) -> Definition:
        """Read a version; a dead letter is worked on without one that cannot be read."""
        try:
            return self.dependencies.definitions.get(execution.tenant_id, execution.definition_id, version)
        except UnavailableError:
            raise
        except SedoError:
            if self.mode is not Mode.DEAD_LETTERS:
                raise
            return Definition(id="", first="", steps={}, input_schema=compile_schema(True))  # noqa: FBT003 - a JSON Schema

    def imply(self, item: Execution, thread: Thread, now: datetime | None = None) -> None:
        """Note the commands of a thread's state as unsent, once; ``now``: a later instant than this clock's."""
        if asked(item, thread) not in self.sent:
            commands = implied(self.definition(item), item, thread, now or self.dependencies.clock.now())
            if commands:
                self.unsent[asked(item, thread)] = commands

    def imply_end(self, item: Execution, root: Thread) -> None:
        """Note the message that tells the parent execution of the end as unsent, and nothing else."""
        if asked(item, root) not in self.sent and (messages := ending(item)):
            self.unsent[asked(item, root)] = messages

    def send(self, item: Execution) -> None:
        """Carry out the commands that are unsent, and send their messages."""
        wanted = [command for commands in self.unsent.values() for command in commands]
        if wanted:
            self.post([message for command in wanted for message in self.carry_out(item, command)])
            self.sent |= self.unsent.keys()
            self.unsent = {}

    def carry_out(self, item: Execution, command: Command) -> Iterator[Message]:
        """Carry out a command; answer the messages to send."""
        match command:
            case Message() if self.can_give_back(item, command):
                self.again = dict.fromkeys(self.deliveries, command.delay)
            case Message():
                carries = self.written if is_alone(item, command) else None
                yield command if carries is None else copy_with(command, image=carries.image())
            case Launch():
                yield from self.launch(item, command)
            case OpenTask(thread, task):
                open_task(self.dependencies.tasks, item, thread, task)
            case Subscribe(thread):
                is_over = partial(self.is_over, thread)
                if (found := subscribe(self.dependencies.signals, item, command, self.post, is_over)) is not None:
                    self.pending.append(Pending(found, self.message_of(thread)))
                elif self.twin_went_on(thread):
                    raise UnavailableError(f"a twin has taken {item.id} on: the message is given back, should it die")
            case CloseWait(thread):
                close_wait(self.dependencies.tasks, self.dependencies.signals, item, command)
                if thread.status is Status.OVER:
                    self.pending.append(Pending(WaitClosed(*thread.key), self.message_of(thread)))

    def can_give_back(self, item: Execution, command: Message) -> bool:
        """Tell whether the message under which an attempt failed can be given back, to be the timer of the next one.

        That saves a message: one request in place of a send and a delete. It is done twice at most, as the fifth
        receive makes a dead letter, and for seconds only, as a queue hides 120,000 messages at most.
        """
        (receives, *others) = [delivery.receives for delivery in self.deliveries.values()]
        thread = item.threads.get(command.event.thread)
        is_retry = thread is not None and thread.status is Status.RETRYING and isinstance(command.event, TimerFired)
        if not is_retry or others or self.running or not self.budget.gives_back or self.mode is not Mode.MESSAGES:
            return False
        is_soon = receives <= MOST_GIVEN_BACK and command.delay <= GIVEN_BACK_FOR
        is_mine = thread is not None and thread.driver is not None and self.is_me(thread.driver)
        return is_soon and is_mine and is_alone(item, command)

    def message_of(self, thread: Thread) -> str:
        """Tell under which of the messages to fold an input of a thread."""
        driver = thread.driver
        if driver is not None and driver.message in self.deliveries:
            return driver.message
        return next(iter(self.deliveries))

    def twin_went_on(self, thread: Thread) -> bool:
        """Tell whether a twin, another request under the same message, has moved a turn that it wrote."""
        return thread.driver is not None and thread.driver.message in self.deliveries and self.is_over(thread)

    def is_over(self, thread: Thread) -> bool:
        """Tell whether a turn that another request has written is over by now."""
        if thread.driver is not None and self.is_me(thread.driver):
            return False
        current = self.dependencies.executions.get(self.execution_id)
        left = None if current is None or current.ended else current.threads.get(thread.id)
        return left is None or left.turn != thread.turn

    def post(self, messages: Sequence[Message]) -> None:
        """Send messages; a submission that is too large for one is put into the store first."""
        light = []
        for message in messages:
            if message.submitted is None or fits(message):
                light.append(message)
            elif (image := self.dependencies.executions.carry(message.submitted).image()) is not None:
                light.append(copy_with(message, submitted=None, image=image))
            else:
                light += self.put(message, message.submitted)
        if light:
            self.dependencies.queue.send(light)

    def put(self, message: Message, submitted: Execution) -> Iterator[Message]:
        """Write a submission; answer the message that starts it, or that tells its parent that the id is taken."""
        try:
            self.dependencies.executions.create(submitted)
        except Stale as stale:
            if stale.current is not None and stale.current.nonce != submitted.nonce:
                yield from id_taken(submitted)
                return
        yield copy_with(message, submitted=None)

    def launch(self, item: Execution, launch: Launch) -> Iterator[Message]:
        """Make the message that starts a child execution; a refusal, or ``wait: false``, is an input of its thread."""
        message = self.message_of(launch.thread)
        try:
            started = child_execution(self.dependencies.definitions, item, launch)
        except StepError as error:
            self.pending.append(Pending(refused(launch, error), message))
            return
        child = self.started(launch, started, self.budget) if launch.thread.key in self.at_rest else None
        if child is None:
            yield Message(started.id, Started(), started)
        elif child.ended and launch.start.wait:
            self.pending.append(Pending(end_of(child), message))
        if not launch.start.wait:
            self.pending.append(Pending(end_of_unawaited(launch, started), message))

    @abstractmethod
    def started(self, launch: Launch, made: Execution, budget: Budget) -> Execution | None:
        """Run a child execution; answer it if it was written, None if a message is to start it."""

    def give_room_back(self, written: Execution) -> None:
        """Reserve no more memory than the written execution takes; a child in its parent's room keeps all of it."""
        is_inline_child = self.mode is Mode.START and written.parent is not None
        if self.written is not None and not self.pending and not is_inline_child:
            self.dependencies.room.keep(self.written.memory)

    def acknowledged(self) -> set[str]:
        """Name the messages to acknowledge: no early ones, and none under which a twin still drives a thread."""
        item = self.item
        if item is None and self.mode is Mode.DEAD_LETTERS:
            return set(self.deliveries)
        if item is None:
            return self.deliveries.keys() - self.too_early()
        theirs = {
            thread.driver.message
            for thread in item.threads.values()
            if thread.driver is not None
            and thread.driver.message in self.deliveries
            and not self.is_me(thread.driver)
            and asked(item, thread) not in self.sent
            and self.is_driven(item, thread)
        }
        return self.deliveries.keys() - theirs - self.again.keys()

    def too_early(self) -> set[str]:
        """Name the requests of a parent that may have arrived before the start of their execution."""
        if self.item is not None:
            return set()
        now = self.dependencies.clock.now()
        return {delivery.id for delivery in self.deliveries.values() if delivery.is_early(now)}

    def is_driven(self, item: Execution, thread: Thread) -> bool:
        """Tell whether the driver of a thread still has to run it, or to send what its state implies."""
        if thread.status is Status.READY and not item.paused and not item.ended:
            return True
        return bool(implied(self.definition(item), item, thread, self.dependencies.clock.now()))

    def is_me(self, driver: Driver) -> bool:
        """Tell whether this very request wrote a turn, under one of its messages."""
        return driver.request == self.request and driver.message in self.deliveries


def is_alone(item: Execution, message: Message) -> bool:
    """Tell whether a message is to its own execution, and no second thread is likely to change that meanwhile."""
    movable = [thread for thread in item.threads.values() if thread.status is not Status.JOINING]
    return message.execution == item.id and len(movable) == 1


def asked(item: Execution, thread: Thread) -> Asked:
    """Make the key of the commands of a thread's state: its turn, and whatever changes the commands without a turn."""
    begun = thread.join.begun if isinstance(thread.join, ItemJoin | PartitionJoin) else 0
    overdue = isinstance(thread.wait, AnswerWait) and thread.wait.overdue
    return (*thread.key, begun + overdue, item.control_epoch, item.ended)
