"""Adapters that keep everything in this process."""

from datetime import UTC, datetime

from chalicelib.adapters.calls.secrets import in_parameters
from chalicelib.adapters.calls.tokens import new_key, path
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import (
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
)
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings


def adapters(settings: Settings) -> Adapters:
    """Make them, with a clock that stands still until it is moved, and a key for tokens."""
    here, clock = settings.names, MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
    texts = {path(here): new_key()}
    return Adapters(
        here,
        MemoryDefinitions(),
        MemoryExecutions(),
        MemoryHistory(),
        MemoryQueue(clock),
        MemoryTasks(),
        MemorySignals(),
        clock,
        texts.get,
        lambda: in_parameters(texts.get, here),
        lambda: {"memory": "ok"},
    )
