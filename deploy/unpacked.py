"""The unpacked package, as a function has it, to try and to measure: for a Python and from wheels of this machine.

It lies in a folder, with its bytecode; beside it, in a folder of its own, what Lambda brings along.
"""

import os
import platform
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from deploy.bytecode import add_bytecode, compile_folder
from deploy.package import DEPLOYABLE, PROJECT

OF_LAMBDA = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""What Lambda brings along."""

BUILD = """
import sys
from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import OSUtils, UI
packager = LambdaDeploymentPackager(OSUtils(), DependencyBuilder(OSUtils()), UI())
print(packager.create_deployment_package(sys.argv[1], f"python3.{sys.version_info.minor}"))
"""
"""What `chalice package` does for the zip."""


class UnpackError(Exception):
    """No package can be made here."""


class Unpacked(NamedTuple):
    """A package that lies ready."""

    python: str
    inside: Path
    beside: Path


def interpreter(version: str) -> str | None:
    """Find a Python; pyenv's are where it keeps them."""
    if version == f"3.{sys.version_info.minor}":
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(root.glob(f"{version}.*/bin/python{version}"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


def deployable() -> str:
    """Find a Python that packages are made with; where there is none, answer this one.

    Its package lacks what Lambda cannot load, which no function needs before it is ready.
    """
    return next(filter(None, map(interpreter, DEPLOYABLE)), sys.executable)


def build(python: str, folder: Path, wheels: Path) -> Path:
    """Make the package of a Python in a new folder, without bytecode.

    Raises:
        UnpackError: there are no wheels, or they are for other machines.
    """
    if not wheels.is_dir() or platform.machine() != "x86_64":
        raise UnpackError("there are no wheels here: make install downloads them")
    folder.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, folder)
    shutil.copytree(PROJECT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(_origin("chalice").parent.parent),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(  # noqa: S603 - our own script
        [python, "-c", BUILD, str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnpackError(done.stderr)
    return Path(done.stdout.splitlines()[-1])


def lay_out(python: str, package: Path, folder: Path) -> Unpacked:
    """Unpack a package in a new folder, and put what Lambda brings along beside it."""
    add_bytecode(package, python)
    unpacked = Unpacked(python, folder / "task", folder / "runtime")
    with ZipFile(package) as opened:
        opened.extractall(unpacked.inside)
    unpacked.beside.mkdir()
    for name in OF_LAMBDA:
        _put(_origin(name), unpacked.beside)
    compile_folder(unpacked.beside, python)
    return unpacked


def _put(origin: Path, folder: Path) -> None:
    """Copy a package, or a module that is no package."""
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, folder / origin.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, folder)


def _origin(name: str) -> Path:
    """Find the file of a package that this process runs with."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise UnpackError(f"{name} is not installed")
    return Path(found.origin)
