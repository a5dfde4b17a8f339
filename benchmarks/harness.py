"""The application in this process, over a real ministack, with the bench in the place of Lambda's pollers.

What the API does and what the functions do are wired apart, as they are different processes on AWS. Functions have
:data:`CONTAINERS` wirings that take turns: each knows the definitions, once it has run them, and none has seen the
execution of the message that it gets. A delay of a message is not waited for: the message is sent without it, and the
functions' clock is put ahead by as much when it is delivered.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from chalice.app import SQSEvent

from app import batch
from benchmarks.metering import Meter, Usage
from chalicelib.adapters import clients
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.adapters.names import Names
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.worker import Worker
from chalicelib.wiring.graph import Wiring, on_aws, wiring
from chalicelib.wiring.settings import Settings
from deploy import resources
from local import backend
from local.environment import chalice_config, set_environment
from local.functions import Context
from local.lambda_events import sqs_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

TENANT = "bench"

CONTAINERS = 11
"""Of a function: one more than an execution of the shapes has invocations, so that none sees it twice."""

FULL = 10
"""Messages of one receive."""

ENDS_WITHIN = timedelta(minutes=10)
"""How long the clock may be put ahead for one execution, before something is wrong with it."""


class BenchError(Exception):
    """What was to be measured did not happen."""


class AheadClock(SystemClock):
    """The machine's clock, put ahead by what was not waited for; ``held`` while it stands still."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.held: datetime | None = None

    def now(self) -> datetime:
        """Tell the instant."""
        return self.held or super().now() + self.ahead

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let it stand still for the length of a ``with`` block."""
        self.held = self.now()
        try:
            yield
        finally:
            self.held = None


class Delays:
    """Takes the delays off messages, and keeps them."""

    def __init__(self, sqs: "SQSClient") -> None:
        self._delays: dict[str, int] = {}
        sqs.meta.events.register("before-parameter-build.sqs.SendMessageBatch", self._take)
        sqs.meta.events.register("before-parameter-build.sqs.ChangeMessageVisibilityBatch", self._take_back)
        self.hidden = timedelta()

    def of(self, body: str) -> timedelta:
        """Tell how long a message would have been delayed; it is asked once."""
        return max(timedelta(seconds=self._delays.pop(body, 0)), self.hidden)

    def _take_back(self, params: dict[str, Any], **_: object) -> None:
        for entry in params["Entries"]:
            self.hidden = max(self.hidden, timedelta(seconds=entry["VisibilityTimeout"]))
        params["Entries"] = [{**entry, "VisibilityTimeout": 0} for entry in params["Entries"]]

    def _take(self, params: dict[str, Any], **_: object) -> None:
        for entry in params["Entries"]:
            if entry.get("DelaySeconds"):
                self._delays[entry["MessageBody"]] = entry["DelaySeconds"]
        params["Entries"] = [{**entry, "DelaySeconds": 0} for entry in params["Entries"]]


@value
class Poller:
    """Receives messages and deletes them, with a client of its own that nobody meters."""

    client: "SQSClient"
    names: Names

    def receive(self, queue: str, count: int) -> "list[MessageTypeDef]":
        """Take as many messages as there are, and ``count`` at most; it does not wait."""
        found: list[MessageTypeDef] = []
        while len(found) < count:
            answer = self.client.receive_message(
                QueueUrl=self.url(queue),
                MaxNumberOfMessages=min(FULL, count - len(found)),
                WaitTimeSeconds=0,
                AttributeNames=["All"],
            )
            if not (messages := answer.get("Messages", [])):
                break
            found += messages
        return found

    def delete(self, queue: str, messages: "Sequence[MessageTypeDef]") -> None:
        """Delete what a function has done."""
        for start in range(0, len(messages), FULL):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                for place, message in enumerate(messages[start : start + FULL])
            ]
            self.client.delete_message_batch(QueueUrl=self.url(queue), Entries=entries)

    def url(self, queue: str) -> str:
        """Tell the URL of a queue, as ministack makes it."""
        return f"{self.client.meta.endpoint_url}/{backend.ACCOUNT}/{queue}"


class Harness:
    """One installation of sedo, to define, start, deliver and measure.

    With ``still`` the clock of a function stands still during each call of it: so neither the length of a record, nor
    what a function has time for, depends on the machine.
    """

    def __init__(self, names: Names, timeout_seconds: int, *, still: bool = False) -> None:
        self.names = names
        self.still = still
        self.clock = AheadClock()
        self.meter = Meter(clients.dynamodb(), clients.sqs(), [names.table(each) for each in TABLES])
        self.api: Wiring = on_aws(Settings.from_environment())
        self.queued: Wiring = on_aws(Settings.from_environment(), inline_turns=0)
        self.poller = Poller(boto3.client("sqs"), names)
        self._delays = Delays(clients.sqs())
        self._workers = cycle([self._worker() for _ in range(CONTAINERS)])
        self._timeout_seconds = timeout_seconds
        self._warm: set[str] = set()

    def define(self, document: Mapping[str, Json]) -> str:
        """Create a definition, and answer its id."""
        return self.api.routes.definitions.service.create_definition(TENANT, dict(document))[0].id

    def start(self, definition_id: str, value: Json) -> str:
        """Start an execution that workers are to run, all of it, and answer its id."""
        self._look(self.queued, definition_id)
        return self.queued.routes.executions.service.execute(TENANT, definition_id, value)[0].id

    def execute(self, definition_id: str, value: Json) -> Execution:
        """Start an execution as the function of the API does, and answer it as that would."""
        self._look(self.api, definition_id)
        with self.meter.invocation() as usage:
            begun = self.meter.cpu()
            execution, _ = self.api.routes.executions.service.execute(TENANT, definition_id, value)
            usage.cpu_seconds += self.meter.cpu() - begun
        return execution

    def read(self, execution_id: str) -> Execution:
        """Read an execution."""
        return self.api.routes.executions.service.read_execution(TENANT, execution_id)

    def deliver(self, most: int = FULL) -> int:
        """Hand up to ``most`` messages of each queue to its function; answer how many there were."""
        delivered = 0
        for queue in (self.names.work, self.names.timers):
            if messages := self.poller.receive(queue, most):
                self.invoke(queue, messages)
                delivered += len(messages)
        return delivered

    def drain(self, most: int = FULL) -> None:
        """Deliver until nothing is left; what starts after that starts by the machine's clock again, and is not old.

        Raises:
            BenchError: there is no end to it.
        """
        while self.deliver(most):
            if self.clock.ahead > ENDS_WITHIN:
                raise BenchError("the messages do not come to an end")
        self.clock.ahead = timedelta()

    def invoke(self, queue: str, messages: "Sequence[MessageTypeDef]") -> None:
        """Call the function of a queue with one batch, as Lambda does, and delete the batch."""
        self.clock.ahead += max(self._delays.of(message["Body"]) for message in messages)
        self._delays.hidden = timedelta()
        event = sqs_event(messages, f"arn:aws:sqs:{backend.REGION}:{backend.ACCOUNT}:{queue}")
        worker = next(self._workers)
        context: Any = Context("bench", 0, self._timeout_seconds)
        self.meter.poll([len(message["Body"].encode()) for message in messages])
        with self.meter.invocation() as usage, self.clock.still() if self.still else nullcontext():
            begun = self.meter.cpu()
            answer = worker.handle(*batch(SQSEvent(event, context)))  # all that the handlers in app.py do
            usage.cpu_seconds += self.meter.cpu() - begun
        again = {each["itemIdentifier"] for each in (answer or {}).get("batchItemFailures", ())}
        if done := [message for message in messages if message["MessageId"] not in again]:
            self.meter.delete()
            self.poller.delete(queue, done)

    def measured(self, definition_id: str, values: Sequence[Json], most: int) -> Usage:
        """Run executions of these inputs in step to their end, ``most`` messages at a time; answer what that used.

        Raises:
            BenchError: one of them did not succeed.
        """
        started = [self.start(definition_id, value) for value in values]
        with self.meter.counting() as usage:
            self.drain(most)
        for execution_id in started:
            if (ended := self.read(execution_id)).state is not State.SUCCEEDED:
                raise BenchError(f"{execution_id} is {ended.state.value}: {ended.error}")
        return usage

    def warm(self, definition_id: str, value: Json) -> None:
        """Let every container run a definition once: what it then knows is not counted."""
        if definition_id not in self._warm:
            self._warm.add(definition_id)
            for _ in range(CONTAINERS):
                self.measured(definition_id, [value], 1)

    def unmetered(self) -> "DynamoDBClient":
        """Make a client whose calls nobody counts."""
        return boto3.client("dynamodb")

    def _look(self, wired: Wiring, definition_id: str) -> None:
        """Look for the newest version: who starts does so once a second, which is no cost of what is started."""
        with self.meter.uncounted():
            wired.routes.definitions.service.changed(TENANT, definition_id)
            wired.dependencies.definitions.newest(TENANT, definition_id)

    def _worker(self) -> Worker:
        worker = on_aws(Settings.from_environment()).worker
        return copy_with(worker, dependencies=copy_with(worker.dependencies, clock=self.clock))


@contextmanager
def installed(endpoint: str, *, still: bool = False) -> Iterator[Harness]:
    """Install sedo at an endpoint, under a prefix of its own, in this process, for the length of a ``with`` block."""
    before = dict(os.environ)
    config = chalice_config(Path(__file__).parents[1])
    try:
        os.environ.pop("SEDO_STORES", None)
        os.environ["SEDO_REPORTS_FAILURES"] = "true"  # as make release deploys it
        os.environ["SEDO_PREFIX"] = f"bench-{uuid4().hex[:8]}"
        set_environment(os.environ, config, endpoint)
        forget_clients()
        names = Names(os.environ["SEDO_PREFIX"])
        resources.ensure(clients.dynamodb(), clients.sqs(), names.prefix)
        resources.ensure_token_keys(clients.ssm(), names.prefix)
        yield Harness(names, config.scope(config.chalice_stage, "on_sqs_message").lambda_timeout, still=still)
    finally:
        os.environ.clear()
        os.environ.update(before)
        forget_clients()


@contextmanager
def running(home: Path, folder: Path) -> Iterator[Harness]:
    """Start ministack, install sedo there and end both at the end of a ``with`` block.

    Args:
        home: the folder of ministack's environment.
        folder: where its state and its log go.

    Raises:
        BackendError: it does not start.
    """
    with backend.running(backend.interpreter(home), folder) as ministack, installed(ministack.endpoint) as harness:
        yield harness


def forget_clients() -> None:
    """Let clients and wirings be made anew: they go by the environment, and hooks hang on them."""
    wiring.cache_clear()
    for made in (clients._kept, clients._session):  # noqa: SLF001 - nobody else needs to
        made.cache_clear()
