from xml.etree import ElementTree as ET

import pytest

from benchmarks.flame import below, largest, picture

HANDLE = "Thread.run (threading.py);Worker.handle (chalicelib/engine/worker.py)"
FOLDED = f"""\
{HANDLE};Store.put (chalicelib/store.py);put (botocore/client.py) 60
{HANDLE};encode (chalicelib/core/values.py);dumps (json/__init__.py) 30
{HANDLE} 10
Thread.run (threading.py);poll (local/queues.py) 900
"""
STACKS = below(FOLDED, "(chalicelib/engine/worker.py)")


def test_what_the_worker_does_not_do_is_left_out() -> None:
    assert sum(STACKS.values()) == 100
    assert {stack[0] for stack in STACKS} == {"Worker.handle (chalicelib/engine/worker.py)"}


def test_what_is_ours_is_told_with_what_it_calls_of_python_and_without_the_clients() -> None:
    assert largest(STACKS) == [
        ("encode (chalicelib/core/values.py)", pytest.approx(0.3)),
        ("Worker.handle (chalicelib/engine/worker.py)", pytest.approx(0.1)),
    ]


def test_boxes_are_as_wide_as_their_share_and_inside_of_what_called_them() -> None:
    boxes = {
        group[0].text.partition(" ")[0]: group[1]  # type: ignore[union-attr] # every box has a title
        for group in ET.fromstring(picture(STACKS)).iter("{http://www.w3.org/2000/svg}g")  # noqa: S314 - ours
    }
    left, top, width = ({name: float(box.get(part, "")) for name, box in boxes.items()} for part in ("x", "y", "width"))
    assert width["Store.put"] == pytest.approx(0.6 * width["Worker.handle"], abs=0.1)
    assert left["put"] == left["Store.put"]
    assert top["Worker.handle"] < top["Store.put"] < top["put"]


def test_a_picture_of_nothing_is_empty() -> None:
    assert "<g>" not in picture({})


def test_names_are_no_markup() -> None:
    assert "f&lt;locals&gt;" in picture({("f<locals> (chalicelib/a.py)",): 1})
