"""The names of tables and queues, from the environment."""

import os

from chalicelib.core.values.value import value


@value
class Names:
    """Every name begins with the prefix, which tells installations and stages apart."""

    prefix: str

    @property
    def definitions(self) -> str:
        """The table of the newest definition versions."""
        return f"{self.prefix}_definition"

    @property
    def definition_versions(self) -> str:
        """The table of all definition versions."""
        return f"{self.prefix}_definition_version"

    @property
    def executions(self) -> str:
        """The table of executions."""
        return f"{self.prefix}_execution"

    @property
    def history(self) -> str:
        """The table of history rows."""
        return f"{self.prefix}_execution_history"

    @property
    def payloads(self) -> str:
        """The table of large values."""
        return f"{self.prefix}_payload"

    @property
    def events(self) -> str:
        """The table of events that are matched by key, and of who waits for them."""
        return f"{self.prefix}_event"

    @property
    def tasks(self) -> str:
        """The table of people's tasks."""
        return f"{self.prefix}_task"

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
    def tables(self) -> tuple[str, ...]:
        """All tables."""
        definitions = self.definitions, self.definition_versions
        return *definitions, self.executions, self.history, self.payloads, self.events, self.tasks

    @property
    def queues(self) -> tuple[str, ...]:
        """All queues."""
        return self.work, self.timers, self.dead_work, self.dead_timers


def from_environment() -> Names:
    """Take the prefix from ``SEDO_PREFIX``: ``sedo`` where it is not set."""
    return Names(os.environ.get("SEDO_PREFIX", "sedo"))
