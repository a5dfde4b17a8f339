"""The chain of a history, followed from its newest row to its oldest, some rows at a time."""

from collections.abc import Sequence

from chalicelib.core.executions.model import Link
from chalicelib.core.records.history import Row
from chalicelib.core.values.value import copy_with, value

BY_EXECUTION = "the execution"


@value
class ChainBreak:
    """The first place, from the newest row on, at which a history is not what it was."""

    row: str
    """The key of the row; empty: it is in the execution's own item."""
    why: str
    """For people; no data of users."""
    at: str = ""
    """Where in the row, as a JSON pointer: ``/2/result``; empty: it is the row itself."""


@value
class ChainCheck:
    """How far a chain has been followed."""

    link: Link | None
    """To the row that is to be looked at next; None: the oldest row has been."""
    namer: str = BY_EXECUTION
    """What the link is from."""
    rows: int = 0
    records: int = 0
    values: int = 0
    """Large values that the records refer to."""
    broken: ChainBreak | None = None

    @property
    def goes_on(self) -> bool:
        """Whether there is more to be looked at."""
        return self.link is not None and self.broken is None

    def over(self, found: Sequence[Row], *, is_all: bool) -> "tuple[ChainCheck, Sequence[Row]]":
        """Follow it over rows, the newest first; answer those that count, too.

        ``found`` are those below the last key that was looked at; ``is_all``: there are no others.
        """
        by_key = {row.key: row for row in found}
        lowest = "" if is_all else min(by_key)
        check, counted = self, list[Row]()
        while check.goes_on and check.link is not None and check.link.key >= lowest:
            key = check.link.key
            row = by_key.get(key)
            if row is None:
                missing = f"row {key} is missing, which {check.namer} names"
                check = copy_with(check, broken=ChainBreak(key, missing))
            elif row.link != check.link:
                changed = f"row {key} was changed: it is not what {check.namer} names"
                check = copy_with(check, broken=ChainBreak(key, changed))
            else:
                counted.append(row)
                records = check.records + len(row.records)
                check = copy_with(check, link=row.previous, namer=f"row {key}", rows=check.rows + 1, records=records)
        return check, counted
