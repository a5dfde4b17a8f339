"""Two releases of sedo beside each other, as while one is being deployed: each process is of one of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.core.executions.inputs import Image, Message, Written
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.errors import UnknownFormatError
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.giving_back import LONGEST_HIDDEN
from chalicelib.engine.model import Dependencies, Mode
from chalicelib.ports import ExecutionStore, Stale
from tests.simulation.ports import Caller, struck
from tests.simulation.settings import START
from tests.simulation.world import World


@value
class Release:
    """A release, by the version of formats that it writes and the latest that it reads."""

    writes: int
    reads: int


FIRST, PREPARED, SECOND = Release(1, 1), Release(1, 2), Release(2, 2)
"""One after the other, as a format is changed: read first, then written."""

DEPLOYED_AFTER = timedelta(minutes=5)
"""From then on every function is of the new release."""


class Upgraded(World):
    """A world in which a release takes the place of another."""

    releases: tuple[Release, Release]

    def struck_dependencies(self) -> Dependencies:
        """Put together what the processes work with: stores and queues heed their releases."""
        self.formats: dict[str, int] = {}
        self.of_messages: dict[str, int] = {}
        self.refused = 0
        made = super().struck_dependencies()
        executions = OfRelease(self, struck(self.executions, self.payloads(self.settings.limits)))
        queue = Versioned(self)
        return copy_with(made, executions=Caller(self, "executions", executions), queue=Caller(self, "queue", queue))

    def release(self) -> Release:
        """Tell of which release the process that runs is."""
        old, new = self.releases
        if self.processes.none_runs() or self.clock.now() - START > DEPLOYED_AFTER:
            return new
        return old if self.processes.current().number % 2 else new

    def require_known(self, subject: str, version: int) -> None:
        """Refuse what a later release wrote."""
        if version > self.release().reads:
            self.refused += 1
            raise UnknownFormatError(subject, str(version))

    def handle(self, mode: Mode, messages: Sequence[QueueMessage]) -> None:
        """Do what a function does: give messages back that only a later release reads."""
        known = [each for each in messages if self.of_messages[each.id] <= self.release().reads]
        self.refused += len(messages) - len(known)
        if mode is Mode.DEAD_LETTERS:
            hidden = {each.id: int(LONGEST_HIDDEN.total_seconds()) for each in messages if each not in known}
            self.queue.give_back("any", hidden)
        if known:
            super().handle(mode, known)


class OfRelease:
    """Executions, each in the format of the release that wrote it last."""

    def __init__(self, world: Upgraded, store: ExecutionStore) -> None:
        self._world, self._store = world, store

    def __getattr__(self, method: str) -> Callable[..., Any]:
        action: Callable[..., Any] = getattr(self._store, method)
        return action

    def get(self, execution_id: str, **how: Any) -> Execution | None:
        """Read one."""
        self._require(execution_id)
        return self._store.get(execution_id, **how)

    def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
        """Read many, without what a later release wrote."""
        known = []
        for name in ids:
            with suppress(UnknownFormatError):
                self._require(name)
                known.append(name)
        return self._store.read(known)

    def create(self, execution: Execution) -> None:
        """Write a submission where there is none."""
        self._write(execution, self._store.create)

    def update(self, execution: Execution, spare: int = 0) -> Written:
        """Write the next version."""
        written: Written = self._write(execution, partial(self._store.update, spare=spare))
        return copy_with(written, image=partial(self._image, written.image, self._world.release().writes))

    def carry(self, execution: Execution) -> Image | None:
        """Write what a message that brings a submission refers to."""
        return self._image(partial(self._store.carry, execution), self._world.release().writes)

    def restore(self, image: Image) -> Execution:
        """Read an image."""
        self._world.require_known("an image", int(str(image["v"])))
        return self._store.restore({name: member for name, member in image.items() if name != "v"})

    def _require(self, execution_id: str) -> None:
        self._world.require_known(execution_id, self._world.formats.get(execution_id, 0))

    def _write(self, execution: Execution, write: Callable[[Execution], Any]) -> Any:
        try:
            answer = write(execution)
        except Stale:
            self._require(execution.id)
            raise
        self._world.formats[execution.id] = self._world.release().writes
        return answer

    @staticmethod
    def _image(image: Callable[[], Image | None], version: int) -> Image | None:
        made = image()
        return None if made is None else {**made, "v": version}


class Versioned:
    """The queues, whose messages are of the version of the release that sent them."""

    def __init__(self, world: Upgraded) -> None:
        self._world, self._queue = world, world.queue

    def __getattr__(self, method: str) -> Callable[..., Any]:
        action: Callable[..., Any] = getattr(self._queue, method)
        return action

    def send(self, messages: Sequence[Message]) -> None:
        """Take messages in."""
        before = {*self._queue.messages}
        self._queue.send(messages)
        sent = self._queue.messages.keys() - before
        self._world.of_messages |= dict.fromkeys(sent, self._world.release().writes)
