"""What a process is wired from: its adapters."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib.adapters.names import Names
from chalicelib.adapters.parameters import Reader
from chalicelib.core.dataclass import dataclass
from chalicelib.ports import Clock, DefinitionStore, EventStore, ExecutionStore, HistoryStore, Queue, TaskStore

if TYPE_CHECKING:
    from chalicelib.adapters.secrets import Source


@dataclass(frozen=True, slots=True)
class Parts:
    """The adapters."""

    names: Names
    definitions: DefinitionStore
    executions: ExecutionStore
    history: HistoryStore
    queue: Queue
    tasks: TaskStore
    events: EventStore
    clock: Clock
    parameters: Reader
    secrets: Callable[[], "Source"]
    health: Callable[[], Mapping[str, str]]
