"""The package that is deployed, as Chalice makes it on each Python that is here, from wheels that are here."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from chalice.cli.factory import CLIFactory
from chalice.utils import UI

from chalicelib.api.reference import FILES
from deploy import package
from deploy.bytecode import CompileError, add_bytecode
from deploy.package import DEPLOYABLE, PROJECT, IncompleteError, keep_whole, missing, require_whole
from deploy.shares import divide
from deploy.unpacked import Unpacked, UnpackError, build, interpreter, lay_out

MOST_BYTES: Mapping[str, int] = {"deployment.zip": 4_950_000, "api.zip": 6_100_000, "authorizer.zip": 9_500_000}
"""Of the share of most functions, of the one that shows pages, and of the one that checks signatures."""
WHEELS = Path(os.environ.get("SEDO_HOME", ".sedo")).resolve() / "wheels"
SEES = "sys.path[:0] = sys.argv[1:]\n"
IMPORT = """
import importlib, pkgutil, sys
import app, chalicelib
apart = {"chalicelib.testing", "chalicelib.adapters.traces"}  # for pytest, and for a layer
below = [each.name for each in pkgutil.walk_packages(chalicelib.__path__, "chalicelib.") if each.name not in apart]
beside = [each.name for each in pkgutil.iter_modules([sys.argv[1]])]
for name in [*below, *beside]:
    importlib.import_module(name)
print(len(below), *beside)
"""
VERIFY = """
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
key = generate_private_key(SECP256R1())
token = jwt.encode({"sub": "ada"}, key, algorithm="ES256")
print(jwt.decode(token, key.public_key(), algorithms=["ES256"])["sub"])
"""


def bytecode(source: Path, version: str) -> str:
    """Name the file that holds the bytecode of a source."""
    return str(source.parent / "__pycache__" / f"{source.stem}.cpython-{version.replace('.', '')}.pyc")


def made(version: str, folder: Path) -> tuple[str, Path]:
    """Make the package; answer the Python that it is for, too."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    try:
        return python, build(python, folder, WHEELS)
    except UnpackError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("version", DEPLOYABLE)
def test_it_is_whole_and_every_module_of_it_can_be_imported(version: str, tmp_path: Path) -> None:
    python, found = made(version, tmp_path / "project")
    require_whole(found)
    unpacked = lay_out(python, found, tmp_path)
    assert {"re2", "msgspec", "jsonschema", "cryptography", "chalice"} <= imported(unpacked)
    sources = [*unpacked.inside.rglob("*.py")]
    assert all(Path(bytecode(each, version)).is_file() for each in sources)
    shares = {each.name: each for each in divide(found)}
    for name, wanted in (("api.zip", {"jwt", "yaml"}), ("authorizer.zip", {"jwt", "cryptography"})):
        with ZipFile(shares[name]) as opened:
            opened.extractall(tmp_path / name)
        names = imported(Unpacked(python, tmp_path / name, unpacked.beside))
        assert wanted <= names
        assert not names & {"cffi", "jinja2", "markupsafe", "pycparser"}
    authorizer = Unpacked(python, tmp_path / "authorizer.zip", unpacked.beside)
    assert run(authorizer, VERIFY).stdout == "ada\n"
    for name, most in MOST_BYTES.items():
        assert shares[name].stat().st_size <= most, name
    said = run(unpacked, "import app; app.wired()", SEDO_STORES="memory", SEDO_TRACES="otel")
    assert "SetupError: SEDO_TRACES=otel: no OpenTelemetry is here; a layer brings it along" in said.stderr
    pages = [each.name for each in (tmp_path / "api.zip" / "swagger_ui_bundle").rglob("*") if each.is_file()]
    assert {*FILES} <= {*pages}
    assert not [name for name in pages if name.endswith(".map")]


def run(unpacked: Unpacked, program: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in a process that sees nothing but a package and what Lambda brings along."""
    script = f"import sys; sys.path = [each for each in sys.path if 'site-packages' not in each]\n{SEES}{program}"
    command = [unpacked.python, "-I", "-B", "-c", script, str(unpacked.inside), str(unpacked.beside)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def imported(unpacked: Unpacked) -> set[str]:
    """Import every module of a package; name what lies beside ours."""
    done = run(unpacked, IMPORT)
    assert done.returncode == 0, done.stderr
    count, *names = done.stdout.split()
    assert int(count) == len([*(PROJECT / "chalicelib").rglob("*.py")]) - 3
    return {*names}


def test_a_package_is_divided_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for year in ("2020", "2021"):
        (tmp_path / year).mkdir()
        with ZipFile(tmp_path / year / "deployment.zip", "w") as opened:
            pages = ("swagger_ui_bundle/a.map", "chalicelib/ui/index.html")
            unused = ("cffi/api.py", "cryptography-1.dist-info/METADATA", "jwt/tests/a.py", "jwt/a.pyi")
            more = ("tzdata/zoneinfo/zone.tab", "chalicelib/testing.py", "cronsim/explain.py", "jsonschema/cli.py")
            licence = "cryptography-1.dist-info/licenses/LICENSE"
            for name in ("app.py", "cryptography/a.py", licence, *unused, *more, *pages):
                opened.writestr(ZipInfo(name, (2020, 1, 1, 0, 0, 0)), name)
        made.append([each.read_bytes() for each in divide(tmp_path / year / "deployment.zip")])
    assert made[0] == made[1]
    shares = {
        "deployment.zip": ["app.py"],
        "api.zip": ["app.py", "chalicelib/ui/index.html"],
        "authorizer.zip": ["app.py", "cryptography/a.py", licence],
    }
    for name, found in shares.items():
        with ZipFile(tmp_path / "2021" / name) as opened:
            assert opened.namelist() == found


def test_one_that_lacks_something_is_not_left_to_be_deployed(tmp_path: Path) -> None:
    _, found = made("3.11", tmp_path / "project")
    with pytest.raises(IncompleteError, match=r"lacks .*google-re2==.*, and was deleted: make it with Python 3.12 or"):
        require_whole(found)
    assert not found.exists()


class KeptPackage:
    """A small project that needs one package, which pip finds in a folder, and the zip that Chalice keeps of it."""

    def __init__(self, folder: Path) -> None:
        self.wheels, self.project, self.said = folder / "wheels", folder / "project", io.StringIO()
        (self.project / ".chalice").mkdir(parents=True)
        self.wheels.mkdir()
        (self.project / ".chalice" / "config.json").write_text('{"app_name": "small"}')
        (self.project / "app.py").write_text("from chalice import Chalice\n\napp = Chalice('small')\n")
        (self.project / "requirements.txt").write_text("vendored==1.0\n")

    def build_wheel(self) -> None:
        with ZipFile(self.wheels / "vendored-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("vendored.py", "")
            for name, text in (
                ("METADATA", "Metadata-Version: 2.1\nName: vendored\nVersion: 1.0\n"),
                ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
                ("RECORD", ""),
            ):
                wheel.writestr(f"vendored-1.0.dist-info/{name}", text)

    def make(self) -> Path:
        config = CLIFactory(str(self.project)).create_config_obj()
        return keep_whole(config, UI(out=self.said, err=self.said))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptPackage:
    made = KeptPackage(tmp_path)
    for name, found in (("NO_INDEX", "1"), ("FIND_LINKS", str(made.wheels)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", found)
    return made


def test_what_was_kept_is_taken_again_and_made_again_where_it_was_broken_off_or_lacks_something(
    kept: KeptPackage,
) -> None:
    with pytest.raises(IncompleteError, match=r"vendored==1\.0: pip finds no package that Lambda can have"):
        kept.make()
    kept.build_wheel()
    package = kept.make()
    assert "Reusing" not in kept.said.getvalue()
    whole = package.read_bytes()
    assert kept.make() == package
    assert "Reusing" in kept.said.getvalue()
    with ZipFile(package, "w") as opened:
        opened.writestr("app.py", "")
    lacking = package.read_bytes()
    for left in (whole[:-30], lacking):
        package.write_bytes(left)
        assert not missing(kept.make(), kept.project / "requirements.txt")


def test_it_is_the_same_however_often_it_is_made(tmp_path: Path) -> None:
    packages = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for year, each in enumerate(packages, 2020):
        with ZipFile(each, "w") as opened:
            for name in ("app.py", "vendored/words.py", "vendored/words.json", "vendored/__pycache__/words.pyc")[::-1]:
                opened.writestr(
                    ZipInfo(name, (year, 1, 1, 0, 0, 0)), f"WORDS = {{'a', 'b', '{year}'}}" * ("__" in name)
                )
        add_bytecode(each)
    assert packages[0].read_bytes() == packages[1].read_bytes()
    version = f"3.{sys.version_info.minor}"
    with ZipFile(packages[0]) as opened:
        assert {*opened.namelist()} == {
            *(names := ("app.py", "vendored/words.py")),
            "vendored/words.json",
            *(bytecode(Path(name), version) for name in names),
        }
        compiled = opened.read(bytecode(Path("app.py"), version))
    assert int.from_bytes(compiled[4:8], "little") == 1  # by hash, and unchecked (PEP 552)
    assert b"/var/task/app.py" in compiled


def test_one_that_cannot_be_compiled_is_not_left_to_be_deployed(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("app.py", "def")
    with pytest.raises(CompileError, match=r"app\.py"):
        add_bytecode(tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_another_python_is_refused_with_the_command_that_takes_one_of_those() -> None:
    package.require_deployable((3, 13))
    with pytest.raises(SystemExit, match=r"with Python 3\.12 or 3\.13, and this is 3\.11: .* PYTHON=python3\.12"):
        package.require_deployable((3, 11))


def test_what_lacks_is_told_as_it_is_pinned(tmp_path: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# What is needed.\nPy_YAML==6.0.3\njsonschema-specifications==2025.9.1\nsix==1.17.0  # old\n")
    with ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("pyyaml/__init__.py", "")
        opened.writestr("py_yaml-6.0.3.dist-info/METADATA", "")
        opened.writestr("six-1.16.0.dist-info/METADATA", "")
    assert missing(tmp_path / "a.zip", wanted) == ["jsonschema-specifications==2025.9.1", "six==1.17.0"]


def test_where_chalice_fails_there_is_no_package(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-c", package.CHALICE, "package", str(tmp_path / "out")]
    process = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode != 0, process.stderr


def test_its_help_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        package.main(["--help"])
    assert ended.value.code == 0
    assert "deployment.zip" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        package.main(["none", str(tmp_path)])
    assert (ended.value.code, [*tmp_path.iterdir()]) == (2, [])
