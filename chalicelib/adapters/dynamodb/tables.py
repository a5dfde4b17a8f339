"""The tables: their names, keys, indexes and what their items expire by. Stores, deployment and tests all read this."""

from typing import TYPE_CHECKING, Literal

from chalicelib.core.values.errors import UnknownFormatError
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import HEADER

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.attributes import Item

FORMAT = "v"
"""The attribute of every item with the version of its format."""


@value
class KeySchema:
    """The key of a table or an index, by the names of its attributes; all are text but those of a number."""

    name: str
    """Of an index, or of a table without the prefix of its installation."""
    partition: str
    sort: str = ""
    """Empty: the partition key is the whole key."""

    def key(self, partition: str, sort: str | int = "") -> "Item":
        """Make the key attributes of an item; an ``int`` is a number."""
        if not self.sort:
            return {self.partition: {"S": partition}}
        last: Item = {self.sort: {"S": sort} if isinstance(sort, str) else {"N": str(sort)}}
        return {self.partition: {"S": partition}, **last}


@value
class SecondaryIndex(KeySchema):
    """A secondary index, global unless it is ``local``."""

    includes: tuple[str, ...] = ()
    """What it holds beside keys; 20 attributes at most (Amazon DynamoDB API Reference, "Projection")."""
    local: bool = False
    """Whether it orders the items of a partition of the table anew, and can be read strongly consistent."""


@value
class TableSchema(KeySchema):
    """A table."""

    indexes: tuple[SecondaryIndex, ...] = ()
    numbers: tuple[str, ...] = ()
    """Key attributes that are numbers."""
    expiry: str = "expiresAt"
    """The attribute with the second at which an item may be deleted (time to live)."""
    billing: Literal["PAY_PER_REQUEST", "PROVISIONED"] = "PAY_PER_REQUEST"
    stream: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] | None = None
    """What a record of its stream shows; None: it has no stream."""
    format: int = 1
    """The version of the format in which its items are written."""
    reads: int = 1
    """The latest version that is read, and all before it: a release reads a version before another one writes it."""

    @property
    def mark(self) -> "Item":
        """The attribute with the version of the format in which an item is written."""
        return {FORMAT: {"N": str(self.format)}}

    def row(self, partition: str, sort: str | int = "") -> "Item":
        """Make the key attributes of an item, and the version of its format."""
        return self.key(partition, sort) | self.mark

    def known(self, item: "Item") -> "Item":
        """Answer an item whose format this release knows.

        Raises:
            UnknownFormatError: a later release wrote it.
        """
        if int(item[FORMAT]["N"]) > self.reads:
            place = (text for name in (self.partition, self.sort) if name for text in item[name].values())
            raise UnknownFormatError(f"{self.name} {' '.join(map(str, place))}", item[FORMAT]["N"])
        return item

    @property
    def absent(self) -> str:
        """The condition of a write that there is no item under its key."""
        return f"attribute_not_exists({self.partition})"


BY_OWNER = SecondaryIndex("by-owner", "o", "s", includes=("d", "b", "f"))
"""Executions by their start: those that an execution started by its id, all others by a shard of their tenant:
``<tenant>#<shard>``. How one ended it tells of those that ended with their first write."""
BY_OWNER_STATUS = SecondaryIndex("by-status", "k", "s", includes=(*BY_OWNER.includes, "e"))
"""The same of those that are kept under a status: ``<owner>#<status>``. It tells of each how it ended."""
BY_DEFINITION = SecondaryIndex("by-definition", "ownerDefinition", "s", includes=BY_OWNER.includes)
"""Executions of a tenant and a definition by their start: ``<tenant>#<shard>#<definition>``. Those that an execution
started are not in it, and no others unless the installation has chosen it (``SEDO_LIST_INDEXES``)."""
BY_STARTER = SecondaryIndex("by-starter", "ownerStarter", "s", includes=BY_OWNER.includes)
"""The same, of who started them: ``<tenant>#<shard>#<user>``."""
BY_DUE = SecondaryIndex("by-due", "h", "w")
"""Executions by the instant at which something of them is due; those that have none are not in it."""
BY_STATUS = SecondaryIndex(
    "by-status",
    "tenantStatus",
    "createdAt",
    includes=tuple(name for name in HEADER if name not in {"tenantId", "id", "createdAt"}),
)
"""Tasks of a tenant in a status (``<tenant>#<status>``) by their creation."""

DEFINITIONS = TableSchema("definition", "tenantId", "id", stream="NEW_IMAGE")
"""The newest version of each definition."""
DEFINITION_VERSIONS = TableSchema("definition_version", "tenantId", "idVersion")
"""All versions of definitions: ``<id>@<version>``, the version in five digits; and their texts in YAML, under
``text#<id>@<version>``."""
EXECUTIONS = TableSchema(
    "execution",
    "id",
    indexes=(BY_OWNER, BY_OWNER_STATUS, BY_DEFINITION, BY_STARTER, BY_DUE),
    stream="NEW_IMAGE",
)
"""Executions. Most attributes have names of one letter, as every byte of an item counts: ``execution_lists.py`` and
``executions.py`` say what each holds."""
HISTORY = TableSchema("execution_history", "id", "key")
"""Rows of history."""
PAYLOADS = TableSchema("payload", "sha256", "part", numbers=("part",))
"""Chunks of large values."""
BY_ORDER = SecondaryIndex("by-order", "channel", "order", includes=("keptUntil", "sentBy", "claimant"), local=True)
"""Events that are kept, by their coming."""
SIGNALS = TableSchema("event_channel", "channel", "entry", indexes=(BY_ORDER,))
"""Events that are matched by key, and who waits for them: by tenant, name and key."""
TASKS = TableSchema("task", "tenantId", "id", indexes=(BY_STATUS,), stream="NEW_IMAGE")
"""People's tasks."""
BY_INCIDENT_STATE = SecondaryIndex(
    "by-state",
    "stateShard",
    "tenantPlace",
    includes=("at", "detail", "execution", "definitionVersion", "endedAt", "ended"),
)
"""Incidents by whether they are open, in a few shards by tenant (``open#<shard>``): ``<tenant>#<instant>#<id>``."""
INCIDENTS = TableSchema("incident", "tenantId", "kindSubject", indexes=(BY_INCIDENT_STATE,))
"""Incidents: ``<kind>#<subject>``; those of no tenant under ``-``."""
REPLIES = TableSchema("reply", "replyKey", "part", numbers=("part",), reads=2)
"""Answers by the keys of their requests: part 0 says who has the key, all have some of the body."""
UPLOADS = TableSchema("upload", "upload", "part", numbers=("part",))
"""Large inputs that are sent in parts: part 0 says up to when one is kept, the others are chunks."""
ACCESS = TableSchema("access", "tenantId", "entry")
"""Tenants, and their roles, bindings and API keys: ``<kind>#<name>``; those of the installation under ``*``."""
USAGE = TableSchema("usage", "tenantId", "entry")
"""What tenants with quotas take: starts under ``second#<second>``, and the holders of ``slot#<number>``."""
BY_SCHEDULE_DUE = SecondaryIndex("by-due", "due", "lookAt")
"""Schedules by the instant at which to look at one, in shards; those that are paused are not in it."""
SCHEDULES = TableSchema("schedule", "tenantId", "name", indexes=(BY_SCHEDULE_DUE,), reads=2)
"""Schedules."""
AUDIT = TableSchema("audit", "tenantId", "number", numbers=("number",))
"""The audits of tenants: entries by their number, never changed; those of no tenant under ``-``."""

TABLES = (
    DEFINITIONS,
    DEFINITION_VERSIONS,
    EXECUTIONS,
    HISTORY,
    PAYLOADS,
    SIGNALS,
    TASKS,
    INCIDENTS,
    REPLIES,
    UPLOADS,
    ACCESS,
    USAGE,
    SCHEDULES,
    AUDIT,
)
"""All tables, in the order in which they are made."""
