"""The package that is deployed, as Chalice makes it on each Python that is here, from wheels that are here."""

import os
import platform
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from deploy import package
from deploy.package import DEPLOYABLE, IncompleteError, missing, require_whole

PROJECT = Path(__file__).parents[2]
WHEELS = Path(os.environ.get("SEDO_HOME", ".sedo")).resolve() / "wheels"
OF_LAMBDA = ("boto3", "botocore", "dateutil", "s3transfer", "urllib3")
"""What Lambda brings along."""

BUILD = """
import sys
from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import OSUtils, UI
packager = LambdaDeploymentPackager(OSUtils(), DependencyBuilder(OSUtils()), UI())
print(packager.create_deployment_package(sys.argv[1], f"python3.{sys.version_info.minor}"))
"""
"""What `chalice package` does for the zip."""

IMPORT = """
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:]
import app, chalicelib
below = [each.name for each in pkgutil.walk_packages(chalicelib.__path__, "chalicelib.")]
below.remove("chalicelib.testing")  # for pytest
beside = [each.name for each in pkgutil.iter_modules([sys.argv[1]])]
for name in [*below, *beside]:
    importlib.import_module(name)
print(len(below), *beside)
"""


def python(version: str) -> str | None:
    """Find a Python; pyenv's are where it keeps them."""
    if version == f"3.{sys.version_info.minor}":
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(root.glob(f"{version}.*/bin/python{version}"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


def made(version: str, folder: Path) -> Path:
    """Make the package."""
    here = python(version)
    if here is None or not WHEELS.is_dir() or platform.machine() != "x86_64":
        pytest.skip(f"there is no Python {version} here, or no wheels: make install downloads them")
    folder.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, folder)
    shutil.copytree(PROJECT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(place("chalice").parent),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELS),
        "PIP_CONFIG_FILE": os.devnull,
    }
    return Path(run(here, BUILD, str(folder), env=environment).splitlines()[-1])


def run(python: str, script: str, *arguments: str, env: dict[str, str] | None = None) -> str:
    command = [python, "-c", script, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def beside(folder: Path) -> Path:
    """Put what Lambda brings along in a folder of its own."""
    folder.mkdir()
    for name in OF_LAMBDA:
        (folder / name).symlink_to(place(name))
    return folder


def place(name: str) -> Path:
    """Find the folder of a package that the tests run with."""
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@pytest.mark.parametrize("version", DEPLOYABLE)
def test_it_is_whole_and_every_module_of_it_can_be_imported(version: str, tmp_path: Path) -> None:
    found = made(version, tmp_path / "project")
    require_whole(found)
    inside = tmp_path / "inside"
    with ZipFile(found) as opened:
        opened.extractall(inside)
    environment = {"PATH": os.environ["PATH"], "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    here = python(version)
    assert here is not None
    script = f"import sys; sys.path = [each for each in sys.path if 'site-packages' not in each]\n{IMPORT}"
    count, *names = run(here, script, str(inside), str(beside(tmp_path / "lambda")), env=environment).split()
    assert int(count) == len([*(PROJECT / "chalicelib").rglob("*.py")]) - 2
    assert {"re2", "msgspec", "jsonschema", "cryptography", "chalice"} <= {*names}


def test_one_that_lacks_something_is_not_left_to_be_deployed(tmp_path: Path) -> None:
    found = made("3.11", tmp_path / "project")
    with pytest.raises(IncompleteError, match=r"lacks .*google-re2==.*, and was deleted: make it with Python 3.12 or"):
        require_whole(found)
    assert not found.exists()


def test_what_lacks_is_told_as_it_is_pinned(tmp_path: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# What is needed.\nPy_YAML==6.0.3\njsonschema-specifications==2025.9.1\nsix==1.17.0  # old\n")
    with ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("pyyaml/__init__.py", "")
        opened.writestr("py_yaml-6.0.3.dist-info/METADATA", "")
        opened.writestr("six-1.16.0.dist-info/METADATA", "")
    assert missing(tmp_path / "a.zip", wanted) == ["jsonschema-specifications==2025.9.1", "six==1.17.0"]


def test_its_help_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        package.main(["--help"])
    assert ended.value.code == 0
    assert "deployment.zip" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        package.main(["none", str(tmp_path)])
    assert (ended.value.code, [*tmp_path.iterdir()]) == (2, [])
