"""People's tasks kept in memory, as JSON text."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock

from chalicelib.adapters.memory.order import is_behind
from chalicelib.core.values.json import encode
from chalicelib.core.values.position import Position
from chalicelib.core.waits.task import HEADER, Task, TaskFilter, read_task, task_document


class MemoryTasks:
    """TaskService by tenant and id: the text of each."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], bytes] = {}
        self._lock = Lock()

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        """Read one."""
        text = self.items.get((tenant_id, task_id))
        return None if text is None else read_task(json.loads(text))

    def headers(self, tenant_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """Read headers and changes."""
        texts = {name: self.items.get((tenant_id, name)) for name in task_ids}
        return {name: _listed(text, "changes") for name, text in texts.items() if text is not None}

    def open(self, task: Task) -> None:
        """Write one where there is none."""
        self.items.setdefault((task.tenant_id, task.id), encode(task_document(task)))

    def update(self, task: Task) -> bool:
        """Write the next version of one."""
        place, text = (task.tenant_id, task.id), encode(task_document(task))
        with self._lock:
            stored = self.items.get(place)
            if stored is not None and json.loads(stored)["version"] == task.version - 1:
                self.items[place] = stored = text
        return stored == text

    def list(self, tenant_id: str, wanted: TaskFilter, limit: int, after: Position | None = None) -> Sequence[Task]:
        """Read headers."""
        newest_first = not wanted.oldest_first
        behind = None if after is None else (after.started_at, after.id)
        found = [_listed(text) for (tenant, _), text in [*self.items.items()] if tenant == tenant_id]
        rest = (one for one in found if behind is None or is_behind(_place(one), behind, reverse=newest_first))
        return sorted(filter(wanted.takes, rest), key=_place, reverse=newest_first)[:limit]


def _listed(text: bytes, *more: str) -> Task:
    document = json.loads(text)
    return read_task({name: document[name] for name in (*HEADER, *more) if name in document})


def _place(task: Task) -> tuple[datetime, str]:
    return task.created_at, task.id
