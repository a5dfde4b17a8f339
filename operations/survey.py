"""A stage checked: its tables are read by segments side by side, at one rate, and what looks wrong is looked at again.

Where it stands is kept in a file after each page, so one that was broken off goes on there.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Violation, ViolationKind
from chalicelib.core.values.value import value
from operations.checkup import Checkup
from operations.stage import SCANNED, Key, key_of

SAYS_EVERY = 5.0
"""Seconds between two lines of progress."""


@value
class Suspect:
    """An item that looked wrong, and how."""

    key: Key
    violations: Sequence[Violation]


class Place:
    """Where a survey stands; with a file, for whoever goes on with it after this process."""

    def __init__(self, file: Path | None, segments: int) -> None:
        self.file, self.segments = file, segments
        self.after: dict[str, dict[str, Item | None]] = {}
        """By table and segment, up to where it is read; None: to its end."""
        self.suspects: list[Suspect] = []
        self.looked_at: dict[str, int] = {}
        if file is not None and file.exists():
            self._load(json.loads(file.read_text()))

    def _load(self, document: Mapping[str, Any]) -> None:
        self.segments, self.after, self.looked_at = document["segments"], document["after"], document["lookedAt"]
        self.suspects = [
            Suspect(
                Key(*each["key"]),
                tuple(Violation(**{**one, "kind": ViolationKind(one["kind"])}) for one in each["found"]),
            )
            for each in document["suspects"]
        ]

    def save(self) -> None:
        """Write the file, in one step."""
        if self.file is None:
            return
        suspects = [{"key": each.key, "found": [asdict(one) for one in each.violations]} for each in self.suspects]
        document = {
            "segments": self.segments,
            "after": self.after,
            "lookedAt": self.looked_at,
            "suspects": suspects,
        }
        made = self.file.with_name(f"{self.file.name}.new")
        made.write_text(json.dumps(document))
        made.replace(self.file)

    def forget(self) -> None:
        """Remove the file: nobody needs to go on."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


class Survey:
    """One reading of a stage.

    ``settle`` is how many seconds what looked wrong is left to itself before it is looked at again; ``say`` tells a
    person how far it has come; ``each`` sees every execution that can be read, while it is read.
    """

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        checkup: Checkup,
        place: Place,
        *,
        settle: float,
        say: Callable[[str], object],
        each: Callable[[Execution], object] | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._checkup, self._place = checkup, place
        self._settle, self._say, self._each = settle, say, each
        self._now, self._sleep = now, sleep
        self._said = self._suspected = now()
        self._lock = Lock()

    def run(self) -> Sequence[Suspect]:
        """Read all tables; answer what is wrong, by the items that it is found under."""
        with ThreadPoolExecutor(self._place.segments, "segment") as pool:
            for name in SCANNED:
                total = self._checkup.stage.count(name)
                segments = range(self._place.segments)
                list(pool.map(lambda segment: self._read(name, segment, total), segments))  # noqa: B023 - done here
                self._tell(name, total, last=True)
        found = self._again()
        self._place.forget()
        return found

    def _read(self, name: str, segment: int, total: int) -> None:
        """Read a segment from where it stands to its end."""
        while True:
            after = self._place.after.get(name, {}).get(str(segment), {})
            if after is None:
                return
            page = self._checkup.stage.scan(name, segment, self._place.segments, after or None)
            suspects = [suspect for item in page.items if (suspect := self._look(name, item)).violations]
            with self._lock:
                self._suspected = self._now() if suspects else self._suspected
                self._place.suspects += suspects
                self._place.looked_at[name] = self._place.looked_at.get(name, 0) + page.looked_at
                self._place.after.setdefault(name, {})[str(segment)] = page.following
                self._place.save()
                self._tell(name, total)

    def _look(self, name: str, item: Item) -> Suspect:
        if name == EXECUTIONS.name and self._each is not None:
            execution = self._checkup.stage.parsed(item)
            if isinstance(execution, Execution):
                self._each(execution)
        return Suspect(key_of(name, item), self._checkup.first_look(name, item))

    def _again(self) -> Sequence[Suspect]:
        """Look again at what looked wrong, once it had time to settle; what is wrong as before is found."""
        suspects = self._place.suspects
        if not suspects:
            return ()
        if (seconds := self._suspected + self._settle - self._now()) > 0:
            self._say(f"{len(suspects)} looked wrong, and are looked at again in {seconds:.0f} s")
            self._sleep(seconds)
        found = []
        for suspect in suspects:
            still = {*self._checkup.second_look(suspect.key)}
            violations = tuple(each for each in suspect.violations if each in still)
            if violations:
                found.append(Suspect(suspect.key, violations))
        return found

    def _tell(self, name: str, total: int, *, last: bool = False) -> None:
        """Say how far it has come, now and then."""
        now = self._now()
        if not last and now - self._said < SAYS_EVERY:
            return
        self._said = now
        count = self._place.looked_at.get(name, 0)
        percent = 100 if last else min(99, 100 * count // max(total, count, 1))
        wrong = len(self._place.suspects)
        self._say(f"{name}: {count:,} items, {percent} %, {wrong:,} to be looked at again")
