import itertools
import random
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.model import ROOT, Driver, Execution, HistoryEntry, Link, State, Status, Thread
from chalicelib.core.executions.waiting import TimerWait
from chalicelib.core.records.history import Row, new_row, news
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.records.payload import PACKING, PackingLimits
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Task

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)

_NUMBERS = itertools.count(1)


def fresh(word: str) -> str:
    return f"{word}-{next(_NUMBERS)}"


def random_text(size: int) -> str:
    """Make a text that does not get smaller by compressing it: the same for the same size."""
    return b64encode(random.Random(size).randbytes(size)).decode()[:size]


def submitted(tenant: str, name: str = "00c0ffee", value: Json = None, started_at: datetime = NOW) -> Execution:
    root = Thread(ROOT, 0, Status.READY, "greet", incoming=value, since=started_at, started_at=started_at)
    return Execution(
        id=f"{tenant}:order-fulfilment:{name}",
        tenant_id=tenant,
        definition_id="order-fulfilment",
        definition_version=1,
        nonce="0123456789abcdef",
        input=value,
        started_at=started_at,
        threads={ROOT: root},
        step="greet",
    )


def following(execution: Execution, **changes: object) -> Execution:
    head = Link(f"{execution.version + 1:012d}#4f1c2e6a-2b1d-4c7e-9a53-0d5b8e7f6a21#1", "ab" * 32)
    return copy_with(
        execution, **{"version": execution.version + 1, "head": head, "state": State.STEP_STARTED} | changes
    )


def history_row(
    execution: str,
    version: int,
    writer: str,
    previous: Link | None,
    records: Sequence[HistoryEntry],
    limits: PackingLimits = PACKING,
) -> Row:
    tenant = execution.partition(":")[0]
    item = Execution(
        id=execution,
        tenant_id=tenant,
        definition_id="order-fulfilment",
        definition_version=1,
        nonce="nonce",
        input=None,
        started_at=NOW,
        threads={},
        version=version - 1,
        head=previous,
    )
    return new_row(item, writer, news(item, records, limits), limits)


def waiting(execution: Execution) -> Execution:
    driver = Driver("7d1b7a3e-6d0e-4f7b-8a51-2f0f4f0c6a11", "4f1c2e6a-2b1d-4c7e-9a53-0d5b8e7f6a21")
    threads = {
        name: copy_with(thread, status=Status.WAITING, turn=3, wait=TimerWait(NOW), driver=driver)
        for name, thread in execution.threads.items()
    }
    return following(execution, threads=threads)


def task(tenant: str, turn: int = 3, **changes: object) -> Task:
    execution = f"{tenant}:order-fulfilment:00c0ffee"
    name, title = task_id(execution, ROOT, turn), "Approve the order"
    return copy_with(
        Task(
            tenant_id=tenant,
            id=name,
            execution_id=execution,
            definition_id="order-fulfilment",
            thread=ROOT,
            turn=turn,
            step="approve",
            created_at=NOW,
            title=title,
        ),
        **changes,
    )


def definition(tenant: str, name: str = "order-fulfilment", version: int = 1, digest: str = "a1") -> DefinitionRecord:
    document: dict[str, Json] = {"id": name, "steps": [{"id": "greet", "type": "echo", "message": f"hello {digest}"}]}
    return DefinitionRecord(
        tenant_id=tenant, id=name, version=version, document=document, digest=digest, created_at=NOW
    )


def incident(tenant: str) -> Incident:
    return Incident(IncidentKind.MESSAGE_LOST, "t:d:1@3", NOW, "it was late", tenant_id=tenant, execution_id="t:d:1")
