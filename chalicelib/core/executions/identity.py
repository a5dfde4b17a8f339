"""The names of executions, turns and calls: each is spelled and read here, and nowhere else."""

from typing import NamedTuple


class ExecutionId(NamedTuple):
    """The id of an execution: ``tenant:definition:suffix``."""

    tenant: str
    definition: str
    suffix: str
    """What the caller named it, or made up."""

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


class TurnKey(NamedTuple):
    """A thread at a turn: what an input names."""

    thread: str
    turn: int

    @property
    def tombstone(self) -> str:
        """The id of the thread that is the tombstone of this turn: ``thread@turn``."""
        return f"{self.thread}@{self.turn}"


class CallKey(NamedTuple):
    """The idempotency key of what a turn calls: ``tenant:definition:suffix:thread:turn``."""

    execution: str
    thread: str
    turn: int

    def __str__(self) -> str:
        return f"{self.execution}:{self.thread}:{self.turn}"

    @classmethod
    def parse(cls, text: str) -> "CallKey":
        """Read an idempotency key.

        Raises:
            ValueError: it is none.
        """
        execution, thread, turn = text.rsplit(":", 2)
        return cls(execution, thread, int(turn))


def tenant_of(text: str) -> str:
    """Answer the tenant of an execution id, or of an idempotency key."""
    return text.partition(":")[0]


def base_thread(thread: str) -> str:
    """Answer the thread of which a thread is, be it the tombstone of one of its turns."""
    return thread.partition("@")[0]
