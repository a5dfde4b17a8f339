"""Every port kept in memory: for tests, for demonstrations, for the simulation.

Values go through their JSON text, as they do in real stores: what a reader gets is never what a writer holds.
"""

import itertools
import json
from bisect import insort
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

from chalicelib.adapters.memory.chunks import BODY, STATE, MemoryChunks, body_json, body_of, references_of
from chalicelib.adapters.memory.order import is_behind, part_of
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.executions.inputs import OF_TIMER_QUEUE, Image, Message, Written
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage, Summary, summary_of
from chalicelib.core.executions.model import Execution, ExecutionStatus, StoredState
from chalicelib.core.records.codec import MAX_IMAGE_BYTES, execution_json, message_json, read_execution
from chalicelib.core.records.history import Row
from chalicelib.core.records.payload import (
    MAX_ITEM,
    PACKING,
    Reference,
    execution_slots,
    item_bytes,
    require_room,
    whole_bytes,
)
from chalicelib.core.records.shown import Outline, Selection
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import Json, encode, format_instant, parse_instant
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Stale


class MemoryClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, now: datetime) -> None:
        self.instant = now
        self.moving = Lock()

    def now(self) -> datetime:
        """Tell the instant."""
        return self.instant

    def sleep(self, seconds: float) -> None:
        """Move on; threads that sleep at the same time move it one after the other."""
        with self.moving:
            self.instant += timedelta(seconds=seconds)


class MemoryExecutions:
    """Executions by id: the text of a document, with the references to its large values as its ``payloads``."""

    def __init__(self, payloads: Payloads | None = None) -> None:
        self.items: dict[str, str] = {}
        self.due_times: dict[str, datetime] = {}
        self.statuses: dict[str, ExecutionStatus] = {}
        self.payloads = payloads or Payloads(MemoryChunks())
        self.most = MAX_ITEM

    def get(self, execution_id: str, *, consistent: bool = True, known: Execution | None = None) -> Execution | None:  # noqa: ARG002 - it always is, and reads all
        """Read one."""
        return self._read(self._document(execution_id))

    def outline(self, execution_id: str, selection: Selection, *, consistent: bool = True) -> Outline | None:  # noqa: ARG002 - it always is
        """Read one without some of its values."""
        document = self._document(execution_id)
        if document is None:
            return None
        references, body = references_of(document), body_of(document)
        tenant, ended = document["tenantId"], "endedAt" in document
        state, left_out = self.payloads.outline(tenant, body, references, selection, ended=ended)
        found, due_at = read_execution(document | state), self.due_times.get(execution_id)
        return Outline(copy_with(found, due_at=due_at, listed_under=self.statuses.get(execution_id)), left_out)

    def read_text(self, tenant_id: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read a part of a large value."""
        return self.payloads.read_text(tenant_id, reference, start, stop)

    def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
        """Read many."""
        found: dict[str, Execution] = {}
        for name in ids:
            with suppress(Exception):
                if (item := self.get(name)) is not None:
                    found[name] = item
        return found

    def create(self, execution: Execution) -> None:
        """Write a submission where there is none."""
        text, *_ = self._write(execution, 0)
        if (current := self._document(execution.id)) is not None:
            raise Stale(self._read(current))
        self._put(execution, text)

    def update(self, execution: Execution, spare: int = 0) -> Written:
        """Write the next version."""
        text, memory, stored = self._write(copy_with(execution, cost=(cost := execution.cost.wrote(1))), spare)
        current = self._document(execution.id)
        expected = (0, execution.nonce) if current is None else (current["version"], current["nonce"])
        if (execution.version - 1, execution.nonce) != expected:
            raise Stale(self._read(current))
        self._put(execution, text)
        return Written(partial(_image, execution, text), memory=memory, stored=stored, cost=cost)

    def carry(self, execution: Execution) -> Written:
        """Write what a message that brings a submission refers to."""
        return Written(partial(_image, execution, self._write(execution, 0)[0]))

    def restore(self, image: Image) -> Execution:
        """Read an image."""
        due_at = None if image["dueAt"] is None else parse_instant(str(image["dueAt"]))
        status = None if image["status"] is None else ExecutionStatus(str(image["status"]))
        return self._execution(json.loads(str(image["text"])), due_at, status)

    def list(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None = None) -> ExecutionPage:  # noqa: ARG002 - all are looked at
        """Read headers, by their start."""
        newest_first = not wanted.oldest_first
        found = filter(wanted.takes, (_summary(text) for text in [*self.items.values()]))
        ordered = sorted(found, key=_place, reverse=newest_first)
        behind = None if after is None else (after.started_at, after.id)
        rest = [one for one in ordered if behind is None or is_behind(_place(one), behind, reverse=newest_first)]
        last = rest[limit - 1] if len(rest) > limit else None
        return ExecutionPage(rest[:limit], None if last is None else Position(last.started_at, last.id))

    def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Read headers."""
        return {name: _summary(self.items[name]) for name in ids if name in self.items}

    def sample(self, number: int, limit: int) -> Sequence[Execution]:
        """Look at those of a part that live."""
        return [each for each in self.read(part_of(self.items, number, limit)).values() if not each.ended]

    def due_shards(self) -> Sequence[str]:
        """Name the only one."""
        return ("",)

    def due(self, shard: str, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:  # noqa: ARG002 - see above
        """Find what is due."""
        found = sorted((at, name) for name, at in self.due_times.items() if at <= now)
        return [(name, at) for at, name in found[:limit]]

    def defer(
        self, execution_id: str, seen: datetime | None, due_at: datetime | None, listed: Execution | None = None
    ) -> None:
        """Move a due time, or take it away."""
        if self.due_times.get(execution_id) != seen or (seen is None and execution_id not in self.items):
            return
        if listed is not None:
            if json.loads(self.items[execution_id])["version"] != listed.version:
                return
            self._list(listed)
        self.due_times.pop(execution_id, None)
        if due_at is not None:
            self.due_times[execution_id] = due_at

    def _document(self, execution_id: str) -> dict[str, Any] | None:
        text = self.items.get(execution_id)
        return None if text is None else json.loads(text)

    def _read(self, document: dict[str, Any] | None) -> Execution | None:
        if document is None:
            return None
        name = document["id"]
        return self._execution(document, self.due_times.get(name), self.statuses.get(name))

    def _execution(
        self, document: dict[str, Any], due_at: datetime | None, status: ExecutionStatus | None
    ) -> Execution:
        references, body = references_of(document), body_of(document)
        state, stored = self.payloads.restore(document["tenantId"], body, references)
        size = 0
        if body.bases or len(body.content) > PACKING.slot:
            header = encode({name: member for name, member in document.items() if name not in BODY})
            size = item_bytes(whole_bytes(header + body.text(stored.bases.values(), stored.far)), references)
        found = copy_with(read_execution(document | state), due_at=due_at, item_bytes=size, listed_under=status)
        return copy_with(found, stored=stored)

    def _write(self, execution: Execution, spare: int) -> tuple[str, int, StoredState]:
        """Make the text, and write the large values; answer what these take in memory, and how the state stands."""
        header = execution_json(execution)
        document = {name: header.pop(name) for name in STATE if name in header}
        packed = self.payloads.shorten(execution.tenant_id, document, execution_slots, stored=execution.stored)
        bundled = self.payloads.bundle(packed, execution)
        made = header | body_json(bundled.body)
        if packed.is_short or len(packed.text) > PACKING.slot:
            most = max(self.most - spare, execution.item_bytes)
            require_room(packed, whole_bytes(encode(header) + packed.text), most, spare)
        if packed.references:
            made["payloads"] = {place: asdict(each) for place, each in packed.references.items()}
        self.payloads.put({**packed.payloads, **bundled.payloads})
        return encode(made).decode(), packed.memory if packed.is_short else 0, bundled.stored

    def _put(self, execution: Execution, text: str) -> None:
        self.items[execution.id] = text
        self.due_times.pop(execution.id, None)
        if execution.due_at is not None:
            self.due_times[execution.id] = execution.due_at
        self._list(execution)

    def _list(self, execution: Execution) -> None:
        self.statuses.pop(execution.id, None)
        if execution.listed_under is not None:
            self.statuses[execution.id] = execution.listed_under


def _image(execution: Execution, text: str) -> Image | None:
    if len(text) > MAX_IMAGE_BYTES:
        return None
    due_at = None if execution.due_at is None else format_instant(execution.due_at)
    return {"text": text, "dueAt": due_at, "status": execution.listed_under}


def _summary(text: str) -> Summary:
    return summary_of(read_execution({"threads": [], **json.loads(text)}))


def _place(found: Summary) -> tuple[datetime, str]:
    return found.started_at, found.id


class MemoryDefinitions:
    """Definition versions, and the newest of each."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str, int], DefinitionRecord] = {}
        self.heads: dict[tuple[str, str], DefinitionRecord] = {}
        self.texts: dict[tuple[str, str, int], str] = {}

    def newest(self, tenant_id: str, definition_id: str) -> DefinitionRecord | None:
        """Read the newest version."""
        return self.heads.get((tenant_id, definition_id))

    def version(self, tenant_id: str, definition_id: str, version: int) -> DefinitionRecord | None:
        """Read one version."""
        return self.records.get((tenant_id, definition_id, version))

    def add(self, record: DefinitionRecord) -> bool:
        """Write a version, once."""
        stored = self.records.setdefault((record.tenant_id, record.id, record.version), record)
        return stored.digest == record.digest

    def put_newest(self, record: DefinitionRecord) -> bool:
        """Make a version the newest."""
        head = self.heads.get((record.tenant_id, record.id))
        if head is not None and head.version > record.version:
            return False
        self.heads[record.tenant_id, record.id] = record
        return True

    def text(self, tenant_id: str, definition_id: str, version: int) -> str | None:
        """Read the text of a version."""
        return self.texts.get((tenant_id, definition_id, version))

    def put_text(self, record: DefinitionRecord, text: str) -> None:
        """Keep the text of a version."""
        self.texts[record.tenant_id, record.id, record.version] = text

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str | None = None,
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[DefinitionRecord]:
        """Read newest versions by id."""
        mine = [head for head in self.heads.values() if head.tenant_id == tenant_id and not head.retired]
        found = [head for head in mine if matching(head.id, names)]
        found.sort(key=lambda head: head.id, reverse=last_first)
        return [head for head in found if after is None or is_behind(head.id, after, reverse=last_first)][:limit]

    def versions(
        self, tenant_id: str, definition_id: str, limit: int, after: int | None = None, *, newest_first: bool = True
    ) -> Sequence[DefinitionRecord]:
        """Read versions."""
        found = [record for (*name, _), record in self.records.items() if name == [tenant_id, definition_id]]
        found.sort(key=lambda record: record.version, reverse=newest_first)
        rest = [one for one in found if after is None or is_behind(one.version, after, reverse=newest_first)]
        return rest[:limit]


class MemoryHistory:
    """Rows by execution and key."""

    def __init__(self, payloads: Payloads | None = None) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.payloads = payloads or Payloads(MemoryChunks())

    def append(self, row: Row) -> int:
        """Put a row under its key, its payloads before it; what is there under the key stays."""
        units, rows = row.units + self.payloads.put(row.payloads, row.held), self.rows.setdefault(row.execution, [])
        if all(other.key != row.key for other in rows):
            insort(rows, copy_with(row, payloads={}, held={}), key=lambda other: other.key)
        return units

    def keep(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] | None = None) -> int:
        """Write values that records refer to."""
        return self.payloads.put(payloads, held or {})

    def fill(self, tenant_id: str, records: Sequence[dict[str, Any]], most: float) -> None:
        """Put values back into records."""
        self.payloads.fill(tenant_id, records, most)

    def result(self, tenant_id: str, record: Mapping[str, Json]) -> Json:
        """Answer the result of a record."""
        return self.payloads.result(tenant_id, record)

    def read_text(self, tenant_id: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read a part of a large value."""
        return self.payloads.read_text(tenant_id, reference, start, stop)

    def lost(self, tenant_id: str, references: Collection[Reference]) -> Collection[Reference]:
        """Find values that are not what they were."""
        return self.payloads.lost(tenant_id, references)

    def read(
        self,
        execution_id: str,
        behind: str,
        limit: int,
        *,
        newest_first: bool = False,
        consistent: bool = True,  # noqa: ARG002 - there is one copy
    ) -> Sequence[Row]:
        """Read rows by key."""
        rows = self.rows.get(execution_id, [])
        if newest_first:
            return [row for row in rows[::-1] if row.key < behind][:limit]
        return [row for row in rows if row.key > behind][:limit]


@dataclass
class QueueMessage:
    """A message in a queue, as text."""

    id: str
    body: str
    timer: bool
    visible_at: datetime
    sent_at: datetime
    receives: int = 0
    dead: bool = False
    group: str | None = None


class MemoryQueue:
    """Both queues and their dead messages, with delays, visibility timeout and redrive as SQS has them."""

    def __init__(self, clock: MemoryClock, visibility: timedelta = timedelta(seconds=360), receives: int = 5) -> None:
        self.clock = clock
        self.visibility = visibility
        self.receives = receives
        self.messages: dict[str, QueueMessage] = {}
        self.ids = (f"message-{count}" for count in itertools.count(1))

    def send(self, messages: Sequence[Message]) -> None:
        """Take messages in."""
        for message in messages:
            now = self.clock.now()
            visible_at = now + timedelta(seconds=message.delay)
            body = json.dumps(message_json(message))
            is_timer = isinstance(message.event, OF_TIMER_QUEUE)
            kept = QueueMessage(next(self.ids), body, is_timer, visible_at, now, group=message.tenant)
            self.messages[kept.id] = kept

    def receive(self, message: QueueMessage) -> QueueMessage:
        """Deliver a visible message: hidden for the visibility timeout, dead after too many times."""
        message.receives += 1
        message.visible_at = self.clock.now() + self.visibility
        return copy_with(message)

    def visible(self) -> list[QueueMessage]:
        """Find what can be received now; what was received too often is dead from here on."""
        now = self.clock.now()
        found = [message for message in self.messages.values() if message.visible_at <= now]
        for message in found:
            message.dead = message.dead or message.receives >= self.receives
        return found

    def delete(self, queue: str, handles: Sequence[str]) -> None:  # noqa: ARG002 - ids are unique over all queues
        """Forget messages; a second time is no error."""
        for handle in handles:
            self.messages.pop(handle, None)

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:  # noqa: ARG002 - the same
        """Let messages be visible again sooner, or later."""
        for handle, pause in seconds.items():
            if handle in self.messages:
                self.messages[handle].visible_at = self.clock.now() + timedelta(seconds=pause)
