"""Libraries of the package are cut behind what a loader reads, and still load."""

import ctypes
import struct
from pathlib import Path

import pytest
from rpds import rpds
from yaml import _yaml

from deploy.symbols import ELF64_LITTLE, stripped

LIBRARIES = [Path(str(each.__file__)) for each in (_yaml, rpds)]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda found: found.stem)
def test_a_library_loses_its_sections_and_loads(library: Path, tmp_path: Path) -> None:
    before = library.read_bytes()
    now = stripped(before)
    assert len(now) < len(before)
    assert (struct.unpack_from("<Q", now, 40), struct.unpack_from("<3H", now, 58)) == ((0,), (0, 0, 0))
    assert stripped(now) == now
    (tmp_path / library.name).write_bytes(now)
    (name,) = [each for each in ("PyInit__yaml", "PyInit_rpds") if each.endswith(library.name.partition(".")[0])]
    assert getattr(ctypes.PyDLL(str(tmp_path / library.name)), name)


@pytest.mark.parametrize("content", [b"", b"import app", b"\x7fELF\x01\x01", ELF64_LITTLE[:5] + b"\x02"])
def test_what_is_no_such_library_stays_as_it_is(content: bytes) -> None:
    assert stripped(content) == content
