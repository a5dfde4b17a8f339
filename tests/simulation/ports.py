"""The ports of the world: the shipped memory adapters, with every call of a process decided on by the world."""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.inputs import Written
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.errors import DefinitionNotFoundError
from chalicelib.ports import Stale
from tests.simulation.faults import Chance
from tests.simulation.processes import Turns

if TYPE_CHECKING:
    from tests.simulation.world import World

BEHIND = 0.3
"""How often a read that need not be consistent shows the version before."""


class Caller:
    """A port whose every call the world decides on."""

    def __init__(self, world: "World", name: str, port: object) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        action: Callable[..., Any] = getattr(self._port, method)
        if method in ("restore", "due_shards"):
            return action  # the one reads nothing but large values, which are a port of their own, the other nothing

        def call(*args: Any, **kwargs: Any) -> Any:
            name = f"{self._name}.{method}"
            try:
                answer = self._world.call(name, lambda: action(*args, **kwargs))
            except Stale as stale:
                self._saw(args[0].id, stale.current)
                raise
            if self._name == "executions" and method == "get":
                self._saw(args[0], answer)
            elif self._name == "executions" and method == "read":
                for execution, item in answer.items():
                    self._saw(execution, item)
            elif self._name == "executions" and method in ("update", "create"):
                self._saw(args[0].id, args[0])
            return answer

        return call

    def _saw(self, execution: str, item: object) -> None:
        """Keep what the process that runs read or wrote."""
        self._world.processes.current().seen[execution] = item if isinstance(item, Execution) else None


class SkewedClock:
    """The clock of whichever process runs."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def now(self) -> datetime:
        """Tell the instant, as the process that runs has it."""
        skews, processes = self._world.settings.skews, self._world.processes
        if not skews or processes.none_runs():
            return self._world.clock.now()
        return self._world.clock.now() + skews[processes.current().number % len(skews)]

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._world.clock.sleep(seconds)


class Watched(MemoryExecutions):
    """A store that keeps which turns each write left, and when executions ended; some of its copies are behind."""

    def __init__(self, payloads: Payloads, turns: Turns, clock: MemoryClock, chance: Chance) -> None:
        super().__init__(payloads)
        self.turns, self.clock, self.chance = turns, clock, chance
        self.before: dict[str, Any] = {}

    def get(self, execution_id: str, *, consistent: bool = True, **known: Any) -> Execution | None:
        if not consistent and execution_id in self.before and self.chance.happens(BEHIND):
            return self._read(self.before[execution_id])
        return super().get(execution_id, **known)

    def update(self, execution: Execution, spare: int = 0) -> Written:
        before = self._document(execution.id)
        image = super().update(execution, spare)
        self.before[execution.id] = before
        self.turns.written(execution)
        if execution.ended:
            self.turns.ended.setdefault(execution.id, self.clock.now())
        return image

    def create(self, execution: Execution) -> None:
        super().create(execution)
        self.turns.written(execution)


def struck(store: Any, payloads: Payloads) -> Any:
    """Give processes a store whose payloads can be struck: the world reads the same one, and is not."""
    twin = copy(store)
    twin.payloads = payloads
    return twin


class ParsedDefinitions:
    """Definitions by id, later versions by ``id@version``."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.by_name = definitions

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a parsed definition."""
        name = definition_id if version == 1 else f"{definition_id}@{version}"
        if name not in self.by_name:
            raise DefinitionNotFoundError(f"there is no definition {name!r}")
        return self.by_name[name]

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version of a definition."""
        versions = [name for name in self.by_name if name.partition("@")[0] == definition_id]
        if not versions:
            raise DefinitionNotFoundError(f"there is no definition {definition_id!r}")
        return len(versions)
