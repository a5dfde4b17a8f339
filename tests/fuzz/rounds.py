"""A long run of schemathesis in rounds, each against a sedo of its own: one operation, or some chains of requests."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

from local.child import HOST
from tests.fuzz.run import CONTRACT, PROJECT, command, hooks
from tests.local.running import Sedo

CHAINS = 10
"""Parts in which requests follow each other as the links of the contract say."""

METHODS = {"get", "put", "post", "delete", "head", "options", "patch"}


@contextmanager
def served(home: Path, python: Path) -> Iterator[str]:
    """Run sedo; answer its address."""
    with Sedo(home, python, project=PROJECT) as sedo:
        sedo.read_until("Ctrl-C stops it")
        yield f"http://{HOST}:{sedo.port}"


@dataclass(frozen=True, slots=True)
class Round:
    """What is tried in one go."""

    name: str
    examples: int
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a round."""

    cases: int
    accepted: int | None
    """None: schemathesis does not tell."""
    seconds: float
    is_whole: bool
    """Whether all of its cases were tried in its time."""
    failed: int

    @property
    def held(self) -> bool:
        """Whether every case was tried, and every answer was one that the contract declares."""
        return self.is_whole and not self.failed

    def __str__(self) -> str:
        said = "ok" if self.held else f"{self.failed} FAILED" if self.failed else "NOT ENDED in its time"
        accepted = "" if self.accepted is None else f"{self.accepted:,} accepted"
        return f"{self.cases:>6,} cases {accepted:>16} {self.seconds:>7,.0f} s  {said}"


def rounds(examples: int) -> list[Round]:
    """Name the rounds of a run: every operation of the contract by itself, and chains of requests."""
    paths = json.loads(CONTRACT.read_bytes())["paths"].values()
    names = [each["operationId"] for path in paths for method, each in path.items() if method in METHODS]
    alone = "--phases=examples,coverage,fuzzing"
    chains = range(1, CHAINS + 1)
    return [
        *(Round(name, examples, (alone, f"--include-operation-id={name}")) for name in names),
        *(Round(f"chains-{each}", -(-examples // CHAINS), ("--phases=stateful", f"--seed={each}")) for each in chains),
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """A run that can be broken off, and taken up again: each round leaves a report in its folder."""

    folder: Path
    python: Path
    """Of the environment of ministack."""
    seconds: float
    """For each round, at most."""

    def outcome(self, one: Round) -> Outcome | None:
        """Read what came of a round; None: it was not tried, or not with this contract."""
        report = _read(self.folder / f"{one.name}.json")
        return _outcome(report) if report.get("of") == _of(one) else None

    def attempt(self, one: Round) -> Outcome:
        """Try a round against a sedo of its own; what schemathesis says of it is in a log beside its report."""
        report = self.folder / f"{one.name}.json"
        report.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as home, served(Path(home), self.python) as url:
            asked = command(url, one.examples, *one.more, "--report=json", f"--report-json-path={report}")
            known, begun = hooks(url), monotonic()
            with (self.folder / f"{one.name}.log").open("wb") as log:
                _ended(asked, known, log, self.seconds)
        found = {**_read(report), "of": _of(one), "seconds": monotonic() - begun}
        report.write_text(json.dumps(found))
        return _outcome(found)


def _read(report: Path) -> dict[str, Any]:
    """Read a report: nothing, where schemathesis was ended before it wrote one."""
    try:
        return dict(json.loads(report.read_bytes()))
    except (FileNotFoundError, ValueError):
        return {}


def _of(one: Round) -> str:
    """Tell apart what is tried: rounds of other contracts, or with other numbers of examples, are others."""
    return sha256(repr(one).encode() + CONTRACT.read_bytes()).hexdigest()


def _ended(asked: list[str], environment: Mapping[str, str], log: Any, seconds: float) -> None:
    """Run schemathesis to its end, or to that of its time: then it says what it has found until then."""
    with subprocess.Popen(  # noqa: S603 - our own
        asked, env={**os.environ, **environment}, cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        except BaseException:
            process.kill()
            raise


def _outcome(report: Mapping[str, Any]) -> Outcome:
    cases = report.get("test_cases", {})
    rates = [phase for phases in report.get("valid_rates", {}).values() for phase in phases.values()]
    return Outcome(
        cases.get("generated", 0),
        sum(each["accepted"] for each in rates) if rates else None,
        report["seconds"],
        report.get("complete", False),
        len(report.get("failures", ())) + len(report.get("errors", ())),
    )
