"""The use case of checking a history: that nobody has changed what was written of it."""

from collections.abc import Callable, Iterator, Sequence

from chalicelib.core.executions.model import Execution
from chalicelib.core.records.chain import ChainBreak, ChainCheck
from chalicelib.core.records.history import HistoryKey, Row, newest, version_of
from chalicelib.core.records.payload import Reference
from chalicelib.core.records.verify import TAIL_CHANGED, history_violations
from chalicelib.core.values.errors import NotFoundError, UnavailableError
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import HistoryStore

ROWS = 500
"""Rows that one call checks at most, and one hundred at a time."""
AT_ONCE = 100
VALUE_BYTES = 32 * 1024 * 1024
"""Of large values that one call reads, and the last of them."""


@value
class HistoryCheck:
    """Checks histories from their newest row back: the hashes of rows, and of the large values that they refer to."""

    store: HistoryStore
    execution: Callable[[str, str], Execution]
    """Reads an execution of a tenant."""

    def begin(self, tenant_id: str, execution_id: str) -> ChainCheck:
        """Check from the newest row on; where one call reaches the oldest, the turns of threads and the end, too.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            UnavailableError: the store did not answer.
        """
        try:
            item = self.execution(tenant_id, execution_id)
            if item.tail_changed:
                return ChainCheck(None, broken=ChainBreak("", TAIL_CHANGED))
            tail = newest(item)
            records = [] if tail is None else tail.records
            if (broken := self._lost(tenant_id, "", records)) is not None:
                return ChainCheck(None, broken=broken)
        except (NotFoundError, UnavailableError):
            raise
        except Exception:  # noqa: BLE001 - whatever a changed byte comes to
            return ChainCheck(None, broken=ChainBreak("", "the execution's own item cannot be read"))
        begun = ChainCheck(item.head, records=len(records), values=_count(records))
        check, rows = self._on(tenant_id, execution_id, begun)
        if check.link is None and check.broken is None:
            wrong = next(history_violations(item, rows), None)
            check = check if wrong is None else copy_with(check, broken=ChainBreak("", wrong.detail))
        return check

    def go_on(self, tenant_id: str, execution_id: str, check: ChainCheck) -> ChainCheck:
        """Check what is before the rows that were checked.

        Raises:
            UnavailableError: the store did not answer.
        """
        return self._on(tenant_id, execution_id, check)[0]

    def _on(self, tenant_id: str, execution_id: str, check: ChainCheck) -> tuple[ChainCheck, Sequence[Row]]:
        counted, room, seen = list[Row](), VALUE_BYTES, 0
        before, count = HistoryKey.least(version_of(check.link) + 1), AT_ONCE
        while check.goes_on and seen < ROWS and room > 0:
            try:
                found = self.store.read(execution_id, before, count, newest_first=True)
            except UnavailableError:
                raise
            except Exception:  # noqa: BLE001 - whatever a changed byte comes to
                if count > 1:
                    count = 1
                    continue
                key = "" if check.link is None else check.link.key
                return copy_with(check, broken=ChainBreak(key, f"row {key}, or one beside it, cannot be read")), []
            check, rows = check.over(found, is_all=len(found) < count)
            for row in rows:
                if check.broken is None:
                    check = copy_with(check, values=check.values + _count(row.records))
                    lost = self._lost(tenant_id, row.key, row.records)
                    check = check if lost is None else copy_with(check, broken=lost)
                    room -= sum(each.bytes for _, each in _references(row.records))
            counted += rows
            seen, before = seen + len(found), found[-1].key if found else ""
        return check, counted

    def _lost(self, tenant_id: str, row: str, records: Sequence[dict[str, object]]) -> ChainBreak | None:
        """Find the first large value that is not what it was."""
        places = [*_references(records)]
        lost = set(self.store.lost(tenant_id, {each for _, each in places})) if places else set()
        place = next((place for place, each in places if each in lost), None)
        return None if place is None else ChainBreak(row, "the value is not there, or was changed", place)


def _references(records: Sequence[dict[str, object]]) -> Iterator[tuple[str, Reference]]:
    """Walk over the large values that records refer to, with their places."""
    for number, record in enumerate(records):
        found = record.get("references")
        if isinstance(found, dict):
            yield from ((f"/{number}{place}", Reference(**each)) for place, each in found.items())


def _count(records: Sequence[dict[str, object]]) -> int:
    return sum(1 for _ in _references(records))
