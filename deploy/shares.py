"""Shares of the package: a function gets only what it loads, as the rest makes each of its cold starts longer.

Only the authorizer checks signatures, so only its share has ``cryptography``; only the API shows pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from chalicelib.api.reference import FILES
from deploy.symbols import stripped

WHOLE = "deployment.zip"
"""As Chalice calls the package; it becomes the share of all functions that have none of their own."""
OF_FUNCTION: Mapping[str, str] = {"api_handler": "api.zip", "authenticate": "authorizer.zip"}
"""The shares that functions have for themselves."""
SIGNATURES = ("_cffi_backend", "cryptography")
"""What checks signatures."""
PAGES = ("swagger_ui_bundle",)
CONSOLE = "chalicelib/ui/"
"""The folder of the console."""
UNUSED = ("cffi", "jinja2", "markupsafe", "pycparser")
"""What a requirement brings along, and nothing loads."""
UNUSED_FOLDERS = ("benchmarks", "sboms", "scripts", "tests")
"""Of requirements."""
BACKPORTS = ("typing_extensions",)
"""What has names of the standard library of Python 3.13: with that, whoever asks for it does without."""
UNUSED_ENDINGS = (
    *(".h", ".pyi", "py.typed", "chalicelib/openapi.yaml", "chalicelib/testing.py"),
    *(f".dist-info/{each}" for each in ("RECORD", "METADATA", "WHEEL", "entry_points.txt", "top_level.txt")),
    *(
        f"zoneinfo/{each}"
        for each in ("tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab", "iso3166.tab", "leapseconds")
    ),
)
UNUSED_MODULES = (
    *("chalicelib/__pycache__/testing.", "cronsim/explain.", "cronsim/__pycache__/explain."),
    *("jsonschema/__main__.", "jsonschema/__pycache__/__main__.", "jsonschema/cli.", "jsonschema/__pycache__/cli."),
)
WITHOUT: Mapping[str, Sequence[str]] = {
    WHOLE: (*SIGNATURES, *PAGES, CONSOLE, *UNUSED),
    "api.zip": (*SIGNATURES, *UNUSED),
    "authorizer.zip": (*PAGES, CONSOLE, *UNUSED),
}
"""What shares lack."""
LEVEL = 9
"""Of zlib."""


def share(function: str) -> str:
    """Name the file of the share that a function gets."""
    return OF_FUNCTION.get(function, WHOLE)


def divide(package: Path) -> Iterator[Path]:
    """Make the shares of a package beside it, that of most functions in its place; the same each time."""
    with ZipFile(package) as opened:
        contents = [(entry, stripped(opened.read(entry))) for entry in opened.infolist()]
    backports = BACKPORTS if any(".cpython-313." in entry.filename for entry, _ in contents) else ()
    for name, some in WITHOUT.items():
        without = (*some, *backports)
        made = package.parent / name
        with ZipFile(made, "w", ZIP_DEFLATED, compresslevel=LEVEL) as packed:
            for entry, content in contents:
                if _belongs(entry.filename, without):
                    packed.writestr(entry, content, compresslevel=LEVEL)
        yield made


def _belongs(name: str, without: Sequence[str]) -> bool:
    if (
        name.endswith(UNUSED_ENDINGS)
        or name.startswith(UNUSED_MODULES)
        or (not name.startswith("chalicelib/") and _is_in(name, UNUSED_FOLDERS))
    ):
        return False
    top = name.partition("/")[0].partition(".")[0].partition("-")[0]
    is_shown = top not in PAGES or name.endswith((".py", ".pyc")) or Path(name).name in FILES
    return (
        top not in without and is_shown and not name.startswith(tuple(each for each in without if each.endswith("/")))
    )


def _is_in(name: str, folders: Sequence[str]) -> bool:
    return any(each in folders for each in name.split("/")[:-1])
