"""The rebuild of the index: ``python -m operations.reindex STAGE`` reads the tables of a stage again, as all goes on.

It fills a new index beside the one that is read, by segments, at a stated rate; what changes meanwhile is written to
both. Then it compares the new index with the tables, mends what differs and says so, and lets the new one be read. It
ends with 0 where nothing differed, and else with 1; with ``--state``, one that was broken off goes on where it stood.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.incidents import DynamoIncidents
from chalicelib.adapters.dynamodb.stream import SEARCHED, DynamoEntries
from chalicelib.core.records.incident import IncidentKind
from chalicelib.core.search.documents import SearchEntry, SearchKind, unfilled_entry
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.stream import SearchIndex
from chalicelib.wiring.aws import search_index
from chalicelib.wiring.settings import Settings
from deploy.advice import advised
from operations.asked import settings_here, settings_of
from operations.pace import Pace, metered
from operations.stage import Broken, Stage, readable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef

UNITS = 50
SEGMENTS = 4
SETTLE = 70
"""Seconds: a function that began before knows one index alone, and may run for 60."""
PAGE = 200
INCIDENTS = 10_000
"""Open ones of a shard that a rebuild looks at."""
SAYS_EVERY = 5.0

Say = Callable[[str], object]


@value
class Difference:
    """A document that was not as its item is."""

    kind: str
    id: str
    found: str
    """``missing``, ``old``, ``gone`` where there is no such item, or ``unreadable``."""


class RebuildPlace:
    """Where a rebuild stands; with a file, for whoever goes on with it after this process."""

    def __init__(self, file: Path | None, segments: int) -> None:
        self.file, self.segments, self.index = file, segments, ""
        self.after: dict[str, dict[str, Item | None]] = {}
        """By kind and segment, up to where it is read; None: to its end."""
        self.unreadable: list[list[str]] = []
        """The kind and id of what could not be read or written."""
        self.count = 0
        if file is not None and file.exists():
            vars(self).update(json.loads(file.read_text()))

    def save(self) -> None:
        """Write the file, in one step."""
        if self.file is not None:
            kept = {name: each for name, each in vars(self).items() if name != "file"}
            made = self.file.with_name(f"{self.file.name}.new")
            made.write_text(json.dumps(kept))
            made.replace(self.file)

    def forget(self) -> None:
        """Remove the file: nobody needs to go on."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


class Rebuild:
    """One rebuild of the index of a stage; ``settle`` is how many seconds what is under way elsewhere may take."""

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        stage: Stage,
        index: SearchIndex,
        place: RebuildPlace,
        *,
        settle: float,
        say: Say,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._stage, self._index, self._place, self._settle = stage, index, place, settle
        self._entries = DynamoEntries(stage.names, stage.executions, stage.tasks)
        self._say, self._now, self._sleep = say, now, sleep
        self._said, self._lock = now(), Lock()

    def run(self) -> Sequence[Difference]:
        """Fill a new index, compare, mend, and let it be read; answer what differed."""
        begun = datetime.now(UTC)
        if not self._place.index or self._index.building() != self._place.index:
            self._begin()
        self.fill()
        found = self._compared(self._place.index)
        self._index.switch()
        self._say(f"{self._place.index} is read from now on")
        self._end_incidents(begun)
        self._sleep(self._settle)
        self._index.clean()
        self._place.forget()
        return [*found, *(Difference(kind, key, "unreadable") for kind, key in self._place.unreadable)]

    def _end_incidents(self, before: datetime) -> None:
        """End the incidents of changes that could not be indexed, where all that the tables hold has been."""
        if self._place.unreadable:
            return
        incidents = DynamoIncidents(self._stage.client, self._stage.names)
        for opened in incidents.all_open(INCIDENTS):
            if opened.key.kind is IncidentKind.INDEX_RECORD and opened.at < before:
                incidents.end(opened.key, datetime.now(UTC), "the index was built again")

    def _begin(self) -> None:
        self._index.abandon()
        self._index.clean()
        self._place.after, self._place.unreadable, self._place.count = {}, [], 0
        self._place.index = self._index.begin(f"{datetime.now(UTC):%Y%m%d%H%M%S}")
        self._place.save()
        self._say(f"{self._place.index} is filled; functions of before may run for {self._settle:.0f} s")
        self._sleep(self._settle)

    def refill(self) -> None:
        """Fill the index that is read, which says until then that it is not whole."""
        begun = datetime.now(UTC)
        self._index.in_use()  # made before it is filled, though there may be nothing to fill it with
        self.fill()
        self._index.write([unfilled_entry(datetime.now(UTC), is_over=True)])
        self._end_incidents(begun)

    def fill(self) -> None:
        """Write the documents of all items, from where it stands, into every index that is in use."""
        with ThreadPoolExecutor(self._place.segments, "segment") as pool:
            for kind in SEARCHED:
                list(pool.map(lambda segment: self._fill(kind, segment), range(self._place.segments)))  # noqa: B023 - done here
        self._tell("read", last=True)

    def _fill(self, kind: str, segment: int) -> None:
        while True:
            after = self._place.after.get(kind, {}).get(str(segment), {})
            if after is None:
                return
            items, following = self._page(kind, segment, after or None)
            broken = list[str]()
            entries = [*self._read(kind, items, broken)]
            refused = self._index.write(entries)
            broken += [each.id for each, why in zip(entries, refused, strict=True) if why is not None]
            with self._lock:
                self._place.unreadable += [[kind, name] for name in broken]
                self._place.count += len(entries)
                self._place.after.setdefault(kind, {})[str(segment)] = following
                self._place.save()
                self._tell(f"{kind}s read")

    def _page(self, kind: str, segment: int, after: "Item | None") -> "tuple[Sequence[Item], Item | None]":
        request: ScanInputTypeDef = {
            "TableName": self._stage.names.table(SEARCHED[SearchKind(kind)]),
            "Segment": segment,
            "TotalSegments": self._place.segments,
            "Limit": PAGE,
        }
        if after is not None:
            request["ExclusiveStartKey"] = after
        with unavailable():
            found = self._stage.client.scan(**request)
        return found["Items"], found.get("LastEvaluatedKey")

    def _read(self, kind: str, items: Sequence[Item], broken: list[str]) -> Iterator[SearchEntry]:
        table = SEARCHED[SearchKind(kind)]
        for item in items:
            entry = readable(
                item[table.sort or table.partition]["S"],
                lambda item=item: self._entries.of_item(kind, item),  # type: ignore[misc]
            )
            if isinstance(entry, Broken):
                broken.append(entry.key)
            elif entry is not None:
                yield entry

    # -- the comparison

    def _compared(self, index: str) -> Sequence[Difference]:
        """Compare an index with the tables, and mend what differs once it had time to settle."""
        self._index.refresh()
        self._place.count, seen, suspects = 0, set[str](), list[SearchEntry]()
        with ThreadPoolExecutor(self._place.segments, "segment") as pool:
            for kind in SEARCHED:
                for keys, found in pool.map(lambda n: self._compare(index, kind, n), range(self._place.segments)):  # noqa: B023 - done here
                    seen |= keys
                    suspects += found
        suspects += self._strangers(index, seen)
        self._tell("compared", last=True)
        if suspects:
            self._say(f"{len(suspects)} differ, and are looked at again in {self._settle:.0f} s")
            self._sleep(self._settle)
        return [*self._mended(index, suspects)]

    def _compare(self, index: str, kind: str, segment: int) -> tuple[set[str], list[SearchEntry]]:
        seen, suspects, after = set[str](), list[SearchEntry](), None
        while True:
            items, after = self._page(kind, segment, after)
            entries = [*self._read(kind, items, [])]
            versions = self._index.versions(index, [entry.key for entry in entries])
            seen.update(entry.key for entry in entries)
            suspects += [entry for entry in entries if versions.get(entry.key, 0) < entry.version]
            with self._lock:
                self._place.count += len(entries)
                self._tell(f"{kind}s compared")
            if after is None:
                return seen, suspects

    def _strangers(self, index: str, seen: set[str]) -> Iterator[SearchEntry]:
        """Find documents of what was in no table."""
        after = ""
        while page := self._index.listed(index, after, PAGE):
            for each in page:
                if each["key"] not in seen:
                    yield SearchEntry(each["kind"], each["tenant"], each["id"], 0)
            after = page[-1]["key"]

    def _mended(self, index: str, suspects: Sequence[SearchEntry]) -> Iterator[Difference]:
        """Read each item again, and write what differs from it still."""
        for suspect in suspects:
            entry = readable(suspect.id, lambda suspect=suspect: self._now_of(suspect))  # type: ignore[misc]
            if isinstance(entry, Broken):
                continue  # it was so while the index was filled, or its change tells so
            version = self._index.versions(index, [suspect.key]).get(suspect.key)
            if entry is None and version is not None:
                self._index.write([copy_with(suspect, version=version + 1, document=None)])
                yield Difference(suspect.kind, suspect.id, "gone")
            elif entry is not None and (version or 0) < entry.version:
                self._index.write([entry])
                yield Difference(suspect.kind, suspect.id, "missing" if version is None else "old")

    def _now_of(self, suspect: SearchEntry) -> SearchEntry | None:
        table = SEARCHED[SearchKind(suspect.kind)]
        key = table.key(suspect.tenant_id, suspect.id) if table.sort else table.key(suspect.id)
        with unavailable():
            answer: Mapping[str, Any] = self._stage.client.get_item(
                TableName=self._stage.names.table(table), Key=key, ConsistentRead=True
            )
        return self._entries.of_item(suspect.kind, answer["Item"]) if "Item" in answer else None

    def _tell(self, what: str, *, last: bool = False) -> None:
        """Say how far it has come, now and then."""
        if last or self._now() - self._said >= SAYS_EVERY:
            self._said = self._now()
            self._say(f"{self._place.count:,} {what}")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="python -m operations.reindex", description=(__doc__ or "").partition("\n\n")[2].replace("``", "")
    )
    made.add_argument(
        "stage", nargs="?", help="of .chalice/config.json; local: that of make run; none: what SEDO_PREFIX says"
    )
    made.add_argument("--units", type=float, default=UNITS, help=f"read units a second ({UNITS})")
    made.add_argument("--segments", type=int, default=SEGMENTS, help=f"parts of a table read at once ({SEGMENTS})")
    made.add_argument("--settle", type=float, default=SETTLE, help=f"seconds that functions may run ({SETTLE})")
    made.add_argument("--state", type=Path, help="the file in which it keeps where it stands, to go on there")
    return made


def with_engine(stage: Settings, here: Settings) -> Settings:
    """Answer the settings of a stage, with the engine that this process has been told of: a stack's is in no file."""
    if not here.search_url:
        return stage
    return copy_with(stage, search_url=here.search_url, search_auth=here.search_auth)


def main(arguments: Sequence[str] | None = None, endpoint: str | None = None) -> int:
    """Rebuild the index of a stage, and say what differed."""
    made = parser()
    asked = made.parse_args(arguments)
    settings = with_engine(settings_of(asked.stage, made), settings_here(made))
    index = search_index(settings)
    if index is None:
        made.error("there is no search engine: SEDO_SEARCH_URL is not set; of a stack it is the parameter SearchUrl")
    stage, pace = Stage.of(settings, endpoint), Pace(asked.units)
    try:
        with metered(stage.client, pace):
            rebuild = Rebuild(stage, index, RebuildPlace(asked.state, asked.segments), settle=asked.settle, say=_say)
            found = rebuild.run()
    except UnavailableError as error:
        _say(f"broken off: {error}; with --state a second run goes on where this one stands")
        return 1
    for each in found:
        print(f"{each.found} {each.kind} {each.id}")
    _say(f"{pace.spent:,.0f} read units, {len(found)} differed")
    return int(bool(found))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with advised():
        sys.exit(main())
