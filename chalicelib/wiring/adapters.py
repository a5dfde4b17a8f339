"""The adapters of a process: implementations of the ports, and sources of parameters, secrets and health."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib.adapters.calls.parameters import Reader
from chalicelib.adapters.names import Names
from chalicelib.core.values.value import value
from chalicelib.engine.room import Room
from chalicelib.ports import (
    Clock,
    DefinitionStore,
    ExecutionStore,
    HistoryStore,
    Queue,
    ReplyStore,
    SignalStore,
    TaskStore,
)

if TYPE_CHECKING:
    from chalicelib.adapters.calls.secrets import SecretSource
    from chalicelib.core.values.queue_depth import QueueDepth
    from chalicelib.engine.stream import ReadRecord, SearchIndex
    from chalicelib.usecases.access import AccessStore
    from chalicelib.usecases.audit import AuditStore
    from chalicelib.usecases.incidents import IncidentStore
    from chalicelib.usecases.quotas import UsageStore
    from chalicelib.usecases.schedules import ScheduleStore
    from chalicelib.usecases.uploads import UploadStore
    from chalicelib.usecases.values import DownloadStore


@value(kw_only=True)
class Adapters:
    """The adapters."""

    names: Names
    definitions: DefinitionStore
    executions: ExecutionStore
    history: HistoryStore
    queue: Queue
    tasks: TaskStore
    signals: SignalStore
    incidents: "IncidentStore"
    replies: ReplyStore
    uploads: "UploadStore"
    downloads: "DownloadStore | None"
    access: "AccessStore"
    usage: "UsageStore"
    schedules: "Callable[[], ScheduleStore]"
    """Made, and its code loaded, when it is first asked for."""
    audit: "AuditStore"
    search: "SearchIndex | None"
    entry_of: "ReadRecord"
    """Makes the document of the index of a record of a stream."""
    clock: Clock
    parameters: Reader
    secrets: Callable[[], "SecretSource"]
    room: Room
    health: Callable[[], Mapping[str, str]]
    queue_depths: "Callable[[], Mapping[str, QueueDepth]]"
    """Counts the messages of every queue, by its name."""
