"""Bytecode in the package: Lambda's disk is read-only, and without it each cold start compiles everything anew.

What a package becomes depends on what it holds and on the Python that compiles it, and on nothing else.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

UNPACKED = "/var/task"
"""Where Lambda has it."""

CACHE = "__pycache__"
READABLE = 0o100644 << 16
"""For all: Lambda runs functions as somebody else."""


class CompileError(Exception):
    """A package holds something that is no Python."""


def add_bytecode(package: Path, python: str = sys.executable) -> None:
    """Compile what a package holds, and pack it anew; one that cannot be compiled is deleted.

    Nothing looks at load time whether the source is another one by then (PEP 552, "unchecked hash-based pycs").

    Raises:
        CompileError: something cannot be compiled.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        with ZipFile(package) as opened:
            opened.extractall(folder, [each for each in opened.namelist() if CACHE not in Path(each).parts])
        try:
            compile_folder(folder, python)
        except CompileError:
            package.unlink()
            raise
        _pack(folder, package)


def compile_folder(folder: Path, python: str) -> None:
    """Compile what a folder holds.

    Raises:
        CompileError: something cannot be compiled.
    """
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", UNPACKED]
    done = subprocess.run(  # noqa: S603 - it is Python
        [python, "-m", "compileall", *options, str(folder)],
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CompileError(done.stdout + done.stderr)


def _pack(folder: Path, package: Path) -> None:
    with ZipFile(package, "w", ZIP_DEFLATED) as packed:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = ZipInfo(path.relative_to(folder).as_posix())  # its time is the first of 1980
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, READABLE
            packed.writestr(entry, path.read_bytes())
