"""The names of queues, and of the tables of :mod:`~chalicelib.adapters.dynamodb.tables`."""

from typing import TYPE_CHECKING

from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.tables import TableSchema


@value
class Names:
    """Every name begins with the prefix, which tells installations and stages apart."""

    prefix: str

    def table(self, table: "TableSchema") -> str:
        """Name a table."""
        return f"{self.prefix}_{table.name}"

    @property
    def execution_stream(self) -> str:
        """The stream of executions, for who makes a template: there it is replaced by its ARN."""
        return f"{self.prefix}_execution"

    @property
    def work(self) -> str:
        """The queue of work."""
        return f"{self.prefix}_execution-processor-queue"

    @property
    def timers(self) -> str:
        """The queue of timers."""
        return f"{self.prefix}_execution-timer-queue"

    @property
    def dead_work(self) -> str:
        """The dead-letter queue of work."""
        return f"{self.prefix}_execution-processor-dead-letter-queue"

    @property
    def dead_timers(self) -> str:
        """The dead-letter queue of timers."""
        return f"{self.prefix}_execution-timer-dead-letter-queue"

    @property
    def queues(self) -> tuple[str, ...]:
        """All queues."""
        return self.work, self.timers, self.dead_work, self.dead_timers
