"""The names of executions, turns and calls: each is spelled and read here, and nowhere else."""

import hashlib
from typing import NamedTuple

from chalicelib.core.values.json import encode

TASK_ID_DIGITS = 24

BY_EXECUTION = "~"
"""What the suffix of an execution begins with that another execution starts: no caller can use it in a name."""


class ExecutionId(NamedTuple):
    """The id of an execution: ``tenant:definition:suffix``."""

    tenant: str
    definition: str
    suffix: str
    """What the caller named it, or what was made up."""

    def __str__(self) -> str:
        return f"{self.tenant}:{self.definition}:{self.suffix}"

    @classmethod
    def parse(cls, text: str) -> "ExecutionId":
        """Read an id.

        Raises:
            ValueError: it is none.
        """
        tenant, definition, suffix = text.split(":")
        return cls(tenant, definition, suffix)

    @staticmethod
    def is_of(tenant: str, text: str) -> bool:
        """Tell whether an id can be one of a tenant's: what is another's is not even looked for."""
        return ExecutionId.tenant_of(text) == tenant

    @staticmethod
    def tenant_of(owner: str) -> str:
        """Tell the tenant of what a list is of: of an execution, or a tenant itself."""
        return owner.partition(":")[0]

    @staticmethod
    def log_members(text: str) -> dict[str, str]:
        """Name an execution, and its tenant, for a line of the log."""
        return {"tenant": ExecutionId.tenant_of(text), "execution": text}


class TurnKey(NamedTuple):
    """A thread at a turn: what an input names."""

    thread: str
    turn: int

    @property
    def tombstone(self) -> str:
        """The id of the thread that is the tombstone of this turn: ``thread@turn``."""
        return f"{self.thread}@{self.turn}"


class CallKey(NamedTuple):
    """The idempotency key of the call of a visit: ``tenant:definition:suffix:thread:turn of arrival``."""

    execution: str
    thread: str
    visit: int
    own: str = ""
    """What the step says instead."""

    def __str__(self) -> str:
        return self.own or self.visit_key

    @property
    def visit_key(self) -> str:
        """The key of the visit, whatever the step says."""
        return f"{self.execution}:{self.thread}:{self.visit}"

    @property
    def tenant(self) -> str:
        """Whose execution makes the call."""
        return self.execution.partition(":")[0]


def task_id(execution_id: str, thread: str, turn: int) -> str:
    """Name the task of a turn: the same one every time."""
    return hashlib.sha256(encode([execution_id, thread, turn])).hexdigest()[:TASK_ID_DIGITS]


def base_thread(thread: str) -> str:
    """Answer the thread of which a thread is, be it the tombstone of one of its turns."""
    return thread.partition("@")[0]
