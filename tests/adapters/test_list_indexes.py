"""Indexes of executions that an installation may choose, for lists by one filter."""

import pytest

from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.list_sources import ListIndexes, ListLayout
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.executions.model import ExecutionStatus, Parent, State
from tests.adapters.conftest import Aws
from tests.adapters.examples import NOW, following
from tests.adapters.test_execution_lists import LATER, SECOND, listed, names, pages, written
from tests.adapters.wire import recording


class TestAnIndexOfItsOwn:
    """What an installation has chosen an index for is found there, and what began before is found all the same."""

    CHOSEN = (
        [("definition", None)],
        [("startedBy", None)],
        [("definition", None), ("startedBy", None)],
        [("startedBy", NOW + 10 * SECOND), ("definition", NOW + 20 * SECOND)],
    )
    WANTED = (
        {"definition": "rare"},
        {"started_by": "ada"},
        {"definition": "rare", "started_by": "ada"},
        {"definition": "rare", "version": 2},
        {"definition": "rare", "states": states_named("succeeded") | states_named("running")},
        {"definition": "rare", "states": states_named("failed")},
        {"definition": "rare", "since": NOW + 15 * SECOND, "until": NOW + 25 * SECOND},
        {"started_by": "x" * 3_000},
        {"definition": "none"},
    )

    def store(self, aws: Aws, chosen: ListIndexes) -> DynamoExecutions:
        payloads = Payloads(DynamoChunks(aws.dynamodb, aws.names))
        return DynamoExecutions(aws.dynamodb, aws.names, payloads, ListLayout(3, chosen))

    def fill(self, aws: Aws, tenant: str, chosen: ListIndexes) -> DynamoExecutions:
        """Write executions, each into the indexes that hold what began at its start."""
        plain, indexed = self.store(aws, []), self.store(aws, chosen)
        for n in range(30):
            at = NOW + n * SECOND
            now_chosen = [(name, since) for name, since in chosen if since is None or since <= at]
            failed = n % 8 == 0
            written(
                self.store(aws, now_chosen),
                tenant,
                f"{n:02}",
                definition_id="rare" if n % 4 == 0 else "common",
                definition_version=1 + n % 3,
                started_by="x" * 3_000 if n == 7 else "ada" if n % 5 == 0 else None,
                state=State.FAILED if failed else State.SUBMITTED,
                listed_under=ExecutionStatus.FAILED if failed else None,
                started_at=at,
            )
        parent = Parent(f"{tenant}:rare:00", "main", 1)
        written(indexed, tenant, "child", parent=parent, definition_id="rare", started_by="ada", started_at=NOW)
        before = plain.get(f"{tenant}:rare:04")
        assert before is not None
        indexed.update(following(before))  # it comes into the index, and yet it is found once
        return indexed

    @pytest.mark.parametrize("chosen", CHOSEN)
    def test_lists_are_those_without_it(self, aws: Aws, tenant: str, chosen: ListIndexes) -> None:
        indexed, plain = self.fill(aws, tenant, chosen), self.store(aws, [])
        for each in self.WANTED:
            for oldest_first in (False, True):
                wanted = ExecutionFilter(tenant, oldest_first=oldest_first, **each)  # type: ignore[arg-type]
                flat = [name for page in pages(indexed, wanted, 4) for name in page]
                assert flat == listed(plain, wanted), (each, oldest_first)

    def test_what_began_before_is_looked_at_last(self, moto_aws: Aws, tenant: str) -> None:
        indexed = self.fill(moto_aws, tenant, [("definition", NOW + 20 * SECOND)])
        with recording(moto_aws.dynamodb) as seen:
            assert names(indexed.list(ExecutionFilter(tenant, definition="rare"), LATER, 2)) == ["28", "24"]
        assert seen == [*["Query"] * 3, "BatchGetItem"]
