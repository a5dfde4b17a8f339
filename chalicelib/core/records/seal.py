"""The seal of a tail: a short hash by which a change of what stands in no row of history yet is found.

It stands behind the records, in the item of the execution: ``[…],[…]k3-Vn0aQ``. Tails of before have none.
"""

import hashlib
from base64 import urlsafe_b64encode

from chalicelib.core.executions.model import Execution
from chalicelib.core.values.json import encode

SEAL_BYTES = 6
"""Of the SHA-256: a change of bytes goes unseen once in 2**48."""

TAIL_CHANGED = "the newest entries were changed, which stand in the execution's own item"


def seal_of(execution: Execution) -> str:
    """Hash the tail of an execution, with the link to the row before it."""
    head = None if execution.head is None else [execution.head.key, execution.head.digest]
    text = encode([execution.id, head]) + execution.tail.encode()
    return urlsafe_b64encode(hashlib.sha256(text).digest()[:SEAL_BYTES]).decode()


def sealed(execution: Execution) -> str:
    """Write the tail of an execution with its seal; an empty one has none."""
    return f"{execution.tail}{seal_of(execution)}" if execution.tail else ""


def unsealed(text: str) -> tuple[str, str]:
    """Read a tail and its seal, which is empty where there is none."""
    tail, end, seal = text.rpartition("]")
    return tail + end, seal


def is_intact(execution: Execution) -> bool:
    """Tell whether the tail of an execution that was read is as it was written, as far as it was sealed."""
    return execution.seal in {"", seal_of(execution)}
