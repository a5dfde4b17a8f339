"""The doctor: ``python -m operations.doctor STAGE`` checks the tables of a stage, and prints violated invariants.

It changes nothing, unless ``--repair`` names what to mend. Violations go to the standard output, as a table or with
``--json`` as a JSON object a line, progress to the standard error. It ends with 0 where nothing is wrong, or all of it
was mended, and else with 1.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Patience, Violation, ViolationKind
from chalicelib.core.values.errors import UnavailableError
from deploy.advice import advised
from operations.asked import settings_of
from operations.checkup import Checkup
from operations.pace import Pace, metered
from operations.repair import MENDS, Mending, Repair
from operations.stage import Stage
from operations.survey import Place, Survey

UNITS = 50
SEGMENTS = 4
SETTLE = 60
NOTHING = Patience(timedelta(0), timedelta(0))
COLUMNS = ("violation", "execution", "thread", "detail", "mended")

Say = Callable[[str], object]


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="python -m operations.doctor", description=(__doc__ or "").partition("\n\n")[2].replace("``", "")
    )
    made.add_argument(
        "stage", nargs="?", help="of .chalice/config.json; local: that of make run; none: what SEDO_PREFIX says"
    )
    made.add_argument("--repair", default="", metavar="WHAT", help=f"what to mend: {', '.join(Repair)}, or all")
    made.add_argument("--restored", action="store_true", help="the queues are empty: wake every execution that lives")
    made.add_argument("--units", type=float, default=UNITS, help=f"read units a second ({UNITS})")
    made.add_argument("--segments", type=int, default=SEGMENTS, help=f"parts of a table read at once ({SEGMENTS})")
    made.add_argument("--settle", type=float, default=SETTLE, help=f"seconds before a second look ({SETTLE})")
    made.add_argument("--values", action="store_true", help="look for the large values that history refers to, too")
    made.add_argument("--state", type=Path, help="the file in which it keeps where it stands, to go on there")
    made.add_argument("--json", action="store_true", help="write violations as JSON, one a line")
    return made


def repairs_of(text: str) -> frozenset[Repair]:
    """Read what to mend.

    Raises:
        ValueError: something of it cannot be mended.
    """
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    return frozenset(Repair) if names == {"all"} else frozenset(map(Repair, names))


def examine(
    stage: Stage, asked: argparse.Namespace, repairs: frozenset[Repair], say: Say
) -> Iterator[tuple[Violation, bool]]:
    """Check a stage, and mend; answer each violation, and whether it was mended."""
    mending = Mending(stage, repairs, say, restored=asked.restored) if repairs else None
    place, pace, woken = Place(asked.state, asked.segments), Pace(asked.units), dict[str, bool]()

    def wake(execution: Execution) -> None:
        if mending is not None and not execution.ended:
            woken[execution.id] = mending.wake(execution.id)

    checkup = Checkup(stage, NOTHING if asked.restored else Patience(), asked.values)
    each = wake if asked.restored and Repair.WAKE in repairs else None
    with metered(stage.client, pace):
        survey = Survey(checkup, place, settle=0 if asked.restored else asked.settle, say=say, each=each)
        found = survey.run()
        for suspect in found:
            done = () if mending is None else mending.mend(suspect)
            for violation in suspect.violations:
                yield violation, MENDS.get(violation.kind) in done
    named = {suspect.key.partition for suspect in found}
    for name, is_woken in woken.items():
        if not is_woken and name not in named:
            yield Violation(ViolationKind.STANDING, name, "it was restored, and could not be woken"), False
    count = sum(len(each.violations) for each in found)
    say(f"{pace.spent:,.0f} read units, {count} violations, {sum(woken.values())} woken")


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay rows out as a table."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def main(arguments: Sequence[str] | None = None, endpoint: str | None = None) -> int:
    """Check a stage, and say what was found."""
    made = parser()
    asked = made.parse_args(arguments)
    try:
        repairs = repairs_of(asked.repair)
    except ValueError as error:
        made.error(f"--repair: {error}: it is {', '.join(Repair)}, or all")
    settings = settings_of(asked.stage, made)
    rows: list[Sequence[str]] = []
    is_left = False
    try:
        for violation, mended in examine(Stage.of(settings, endpoint), asked, repairs, _say):
            is_left = is_left or not mended
            row = (violation.kind, violation.execution, violation.thread, violation.detail, "yes" if mended else "")
            rows.append(row)
            if asked.json:
                print(json.dumps({**dict(zip(COLUMNS, row, strict=True)), "mended": mended}), flush=True)
    except UnavailableError as error:
        _say(f"the tables did not answer: {error}; with --state a second run goes on where this one stands")
        return 1
    if rows and not asked.json:
        print("\n".join(table([COLUMNS, *rows])))
    return int(is_left)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with advised():
        sys.exit(main())
