"""Large values in answers of the API: those that fit are shown, references stand for the others.

A value that is left out is null, and the ``references`` of its document have its hash and size, by JSON pointer into
the document. So nothing in a user's value can be taken for a reference.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict
from typing import Any, Protocol, TypeAlias

from chalicelib.core.executions.model import ROOT, Execution, failure_json
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import (
    PackingLimits,
    Reference,
    Slot,
    Slots,
    digest,
    pack,
    shown_slots,
    value_slots,
    values_of,
)
from chalicelib.core.values.errors import AnswerTooLargeError
from chalicelib.core.values.json import Json, decode, encode, is_longer, pointer, read_pointer
from chalicelib.core.values.value import value

MAX_ANSWER = LIMITS.answer_bytes
MAX_VALUE = LIMITS.answer_value_bytes
MAX_VALUES = LIMITS.answer_part_bytes

REFERENCE_BYTES = 600
"""What a reference takes in an answer, with its link."""

ANY_FITS = MAX_ANSWER // 6
"""So many bytes of JSON fit into an answer whatever they are: a byte of UTF-8 becomes six at most."""

_SMALLEST = 4 * 1024

SHOWN = tuple(
    PackingLimits(slot=MAX_VALUE, document=size, smallest=_SMALLEST, reference=REFERENCE_BYTES)
    for size in (MAX_VALUES, ANY_FITS)
)
"""What fits as it mostly is, and what fits in any case."""

SHOWN_OF_MANY = tuple(
    PackingLimits(slot=size, document=2 * size, smallest=_SMALLEST, reference=REFERENCE_BYTES)
    for size in (8 * 1024, _SMALLEST)
)
"""The same of one of a hundred in an answer."""

_NEEDED = re.compile(r"/threads/\d+/(?:results|asking/event_key)")
"""What tells what a thread waits for."""

MakeLink: TypeAlias = Callable[[str], str | None]
"""Makes the link to a value of a document, by its place in it; None: there is none."""


class ValueReader(Protocol):
    """Reads large values that documents refer to."""

    def read_text(self, tenant_id: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read the bytes from ``start`` to before ``stop`` of the JSON text of a value.

        Raises:
            PayloadLostError: it is not there.
            UnavailableError: the store did not answer.
        """


@value
class Outline:
    """An execution without some of its large values: null stands there, or nothing in place of a whole group."""

    execution: Execution
    left_out: Mapping[str, Reference]
    """Those that the API would show, by their places in what it shows: ``/input``, ``/stash/report``."""


@value
class Selection:
    """Which large values are read with an execution; null stands in place of the others."""

    choose: Callable[[Mapping[str, Reference]], Collection[str]]
    """Chooses values by their places in what the API shows of the execution."""
    with_quoted: bool = True
    """Whether the state is read with the values that it quotes from long ones."""


def shown_places(document: Mapping[str, Any], references: Mapping[str, Reference], *, ended: bool) -> dict[str, str]:
    """Find the references of an execution's document whose values the API shows: where it does, by their places."""
    numbers = (n for n, thread in enumerate(document["threads"]) if thread["id"] == ROOT and not ended)
    stash = next((f"/threads/{number}/stash" for number in numbers), "/stash")
    roots = {"/input": "/input", "/output": "/output", "/error": "/error", stash: "/stash"}
    return {
        place: shown + place.removeprefix(root)
        for place in references
        for root, shown in roots.items()
        if place == root or place.startswith(f"{root}/")
    }


def is_needed(place: str) -> bool:
    """Tell whether the value at a place of an execution's document is needed to say what a thread waits for."""
    return _NEEDED.fullmatch(place) is not None


def _smallest(references: Mapping[str, Reference]) -> list[str]:
    chosen, room = list[str](), MAX_VALUES
    for place, reference in sorted(references.items(), key=lambda each: each[1].bytes):
        room -= reference.bytes
        if room < 0 or reference.bytes > MAX_VALUE:
            break
        chosen.append(place)
    return chosen


fitting = Selection(_smallest)
"""Those that fit into an answer together, the smallest first."""
quoted = Selection(lambda _: ())
"""None but the quoted ones."""
nothing = Selection(lambda _: (), with_quoted=False)
"""None at all: for whoever wants to know what an execution is apart from its values."""


def around(place: str) -> Selection:
    """Select the value at a place, the group that it is in, and what is in it."""
    return Selection(
        lambda found: [each for each in found if f"{place}/".startswith(f"{each}/") or _is_in(each, place)]
    )


def _is_in(place: str, outer: str) -> bool:
    return place.startswith(f"{outer}/")


def shown_values(execution: Execution) -> dict[str, Json]:
    """Write the values of an execution that the API shows."""
    root = None if execution.ended else execution.threads.get(ROOT)
    return {
        "input": execution.input,
        "output": execution.output,
        "error": None if execution.error is None else failure_json(execution.error),
        "stash": dict(execution.stash if root is None else root.stash),
    }


def answer_size(text: str) -> int:
    """Count the bytes of a body as Lambda does: as a JSON string in ASCII."""
    return len(json.dumps(text))


def fits_answer(text: str) -> bool:
    """Tell whether a body can be answered."""
    # a character takes 12 bytes at most: two escapes of six
    return len(text) * 12 <= MAX_ANSWER or (len(text) <= MAX_ANSWER and answer_size(text) <= MAX_ANSWER)


def shorten(
    tenant: str, document: dict[str, Any], slots: Slots, link: MakeLink, shown: Sequence[PackingLimits] = SHOWN
) -> dict[str, Any]:
    """Leave out of a document what is too large for an answer; short documents are not looked at.

    Raises:
        AnswerTooLargeError: it is too large without its values, too.
    """
    shorter, moved = _without_largest(tenant, document, slots)
    text = encode(shorter)
    if not moved and len(text) <= shown[0].slot:
        return document
    for limits in shown:
        packed = pack(tenant, text, slots, limits, moved)
        made: dict[str, Any] = decode(packed.text)
        if packed.references:
            made.setdefault("references", {}).update(references_json(packed.references, link))
        if fits_answer(json.dumps(made, ensure_ascii=False)):
            return made
    raise AnswerTooLargeError


def _without_largest(
    tenant: str, document: dict[str, Any], slots: Slots
) -> tuple[dict[str, Any], dict[str, Reference]]:
    """Leave out what no answer shows, so that no text of all of it is made: each such value is text for itself."""
    moved, known = dict[str, Reference](), dict[int, Reference]()
    if not is_longer(document, MAX_VALUE):
        return document, moved
    for slot in values_of(slots(document), MAX_VALUE):
        held = slot.holder[slot.member]
        if id(held) not in known and is_longer(held, MAX_VALUE):
            text = encode(held)
            known[id(held)] = Reference(digest(tenant, text), len(text))
        if id(held) in known:
            moved[slot.pointer] = known[id(held)]
    return _nulled(document, moved), moved


def _nulled(document: dict[str, Any], places: Iterable[str]) -> dict[str, Any]:
    """Copy a document as far as it needs to be to have null at some places."""
    made, copies = {**document}, dict[str, Any]()
    for place in places:
        holder: Any = made
        *way, last = read_pointer(place)
        for depth, name in enumerate(way, 1):
            key: Any = int(name) if isinstance(holder, list) else name
            outer = pointer(way[:depth])
            if outer not in copies:
                copies[outer] = holder[key] = copy(holder[key])
            holder = holder[key]
        holder[last] = None
    return made


def without(view: dict[str, Any], left_out: Mapping[str, Reference], link: MakeLink) -> dict[str, Any]:
    """Add references to a view for the values that it was made without."""
    if not left_out:
        return view
    groups = dict.fromkeys(each[1:] for each in left_out if each.count("/") == 1)
    return {**view, **groups, "references": references_json(left_out, link)}


def linked(record: dict[str, Any], link: MakeLink) -> dict[str, Any]:
    """Add links to the references of a record of history."""
    references = record.get("references", {})
    return (
        record
        if not references
        else {
            **record,
            "references": {place: {**each, **_link_json(link(place))} for place, each in references.items()},
        }
    )


def references_json(references: Mapping[str, Reference], link: MakeLink) -> dict[str, dict[str, Json]]:
    """Write references, with their links."""
    return {place: {**asdict(each), **_link_json(link(place))} for place, each in references.items()}


def _link_json(link: str | None) -> dict[str, Json]:
    return {} if link is None else {"link": link}


def view_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find the slots of an execution as the API shows it."""
    yield from value_slots(document, (), ("input", "output"), ("stash", "error"))


def dry_run_slots(report: dict[str, Any]) -> Iterator[Slot]:
    """Find the slots of the report of a dry run."""
    yield from view_slots(report)
    for name in ("calls", "unanswered"):
        for index, each in enumerate(report[name]):
            yield from value_slots(each, (name, index), (), ("params",))
    for index, record in enumerate(report["history"]):
        yield from shown_slots(record, ("history", index))
