"""What keeps the house in order: sizes, names that stand once, words that do not come back.

Each test lists its offenders with what mends them. That every room has its line where contributors look, and every word
its line in the glossary, is in `test_documents.py`.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PRODUCT = ("app.py", "chalicelib", "local", "deploy", "benchmarks")
TREES = (*PRODUCT, "docs", "tests")
SUFFIXES = {".py", ".yaml", ".json", ".md"}
DATA = {
    "app.py": "the table of routes and handlers",
    "chalicelib/openapi.yaml": "the contract",
    "docs/definition.schema.json": "made by make docs",
    "docs/functions.md": "made by make docs",
    "docs/steps.md": "made by make docs",
}
"""Files that may be long."""
FILE_LINES = 400
CLASS_LINES = 350
CLASS_METHODS = 25
FUNCTION_LINES = 40

WORDS: Mapping[str, str] = {
    "asking": "waiting for an answer",
    "assurance": "static_check",
    "awaiting": "waiting for children",
    "burial": "dead_letters",
    "buried": "dead_letters",
    "convoy": "batched sends, batcher",
    "evolve": "copy_with",
    "excerpt": "single_step",
    "findings": "diagnostics",
    "heard": "what was received: answer, result, parent_epoch",
    "hole": "placeholder",
    "holes": "placeholders",
    "outbox": "implied, or commands",
    "shade": "tombstone",
    "shades": "tombstones",
    "stands": "view, current",
    "told": "body, or what it is",
    "trial": "plan of a dry run",
    "trials": "plans of dry runs",
}
"""What may be no word of a name: of ``told_of`` and ``_told`` as little as of ``told``. What to say instead."""
NAMES: Mapping[str, str] = {
    "Await": "WaitForAnswer",
    "EventPublished": "SignalPublished",
    "EventReceived": "SignalReceived",
    "EventSent": "SignalSent",
    "Fold": "builder",
    "Kept": "Signal",
    "Letter": "Signal; in memory QueueMessage",
    "Parts": "Adapters",
    "Ports": "Dependencies",
    "Record": "HistoryEntry",
    "arm": "what is due: due_sweep",
    "declaration": "model",
    "draft": "builder",
    "editor": "schema_export",
    "effect": "call",
    "effects": "calls",
    "language": "grammar",
    "part": "partition, path_param, chunk",
    "parts": "partitions, chunks",
    "perform": "call",
    "reader": "parsing",
    "review": "validation",
    "settle": "close_wait, after_write",
    "submission": "factory",
}
"""What no module, class, function or field is called, as these words have other senses: a local variable may be the
``part`` of a text, and a name may have it among its words."""
FIELDS: Mapping[str, str] = {"order": "control_epoch", "ordered": "control_epoch_owed"}
"""What no field is called: a function may make an ``order``."""
SENTENCES = re.compile(r"tests/.*/mutants\w*\.py")
"""Where the name of a class is a sentence, as that of a test is."""


@cache
def files() -> Mapping[str, str]:
    found = [path for tree in TREES for path in ((PROJECT / tree).rglob("*"), [PROJECT / tree])[tree.endswith(".py")]]
    return {
        str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
        for path in sorted(found)
        if path.suffix in SUFFIXES
    }


@cache
def modules() -> Mapping[str, ast.Module]:
    return {name: ast.parse(text) for name, text in files().items() if name.endswith(".py")}


def definitions(
    kind: type[ast.ClassDef] | type[ast.FunctionDef],
) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for file, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, kind):
                yield f"{file}:{node.lineno} {node.name}", node


def lines(node: ast.ClassDef | ast.FunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def bindings(node: ast.AST) -> Iterator[str]:
    """Read the names that a statement or expression binds, of whatever kind."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.alias(asname=str(name)):
            yield name


def fields_of(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Read what the members of modules, classes and objects are called that are no functions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        if isinstance(node, ast.ClassDef | ast.Module):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else ()
                annotated = [statement.target] if isinstance(statement, ast.AnnAssign) else []
                for target in (*targets, *annotated):
                    yield from ((name.lineno, name.id) for name in ast.walk(target) if isinstance(name, ast.Name))


def members_of(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.lineno, node.name
    yield from fields_of(module)


def is_sentence(file: str, name: str) -> bool:
    return name.startswith("test_") or (SENTENCES.fullmatch(file) is not None and name[0].isupper())


def bound(file: str, module: ast.Module) -> Iterator[tuple[int, str]]:
    yield 1, Path(file).stem
    for node in ast.walk(module):
        for name in bindings(node):
            if not is_sentence(file, name):
                yield getattr(node, "lineno", 1), name


def offends(offenders: Sequence[str], mend: str) -> None:
    if offenders:
        pytest.fail("\n".join([f"{len(offenders)} to mend: {mend}", *sorted(offenders)]), pytrace=False)


def test_no_file_is_too_long_but_data() -> None:
    found = {file: text.count("\n") for file, text in files().items()}
    long = [f"{file} has {count} lines" for file, count in found.items() if count > FILE_LINES and file not in DATA]
    offends(long, f"part a file of more than {FILE_LINES} lines by subject, or list it as data")
    short = [file for file in DATA if found.get(file, 0) <= FILE_LINES]
    offends(short, "what is not long need not be listed as data")


def test_no_class_is_too_large() -> None:
    large = []
    for where, node in definitions(ast.ClassDef):
        methods = sum(isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) for member in node.body)
        if methods > CLASS_METHODS or lines(node) > CLASS_LINES:
            large.append(f"{where} has {methods} methods and {lines(node)} lines")
    offends(large, f"part a class of more than {CLASS_METHODS} methods or {CLASS_LINES} lines by what it knows")


def test_no_function_is_too_long() -> None:
    long = [
        f"{where} has {lines(node)} lines"
        for where, node in definitions(ast.FunctionDef)
        if lines(node) > FUNCTION_LINES
    ]
    offends(long, f"part a function of more than {FUNCTION_LINES} lines by what it does")


def test_no_two_public_classes_have_one_name() -> None:
    found = defaultdict(list)
    for file, module in modules().items():
        if file.startswith(PRODUCT):
            for node in module.body:
                match node:
                    case ast.ClassDef(name=name):
                        found[name].append(file)
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                        found[name].append(file)
    twice = [f"{name}: {', '.join(where)}" for name, where in found.items() if len(where) > 1 and name[0] != "_"]
    offends(twice, "give one of them a name that says what it is")


def test_no_word_that_was_given_up_comes_back() -> None:
    back = {
        f"{file}:{line} {name}: say {WORDS[word]}"
        for file, module in modules().items()
        for line, name in bound(file, module)
        for word in words(name) & WORDS.keys()
    }
    offends(list(back), "these words have better ones (docs/glossary.md)")


def test_no_name_that_was_given_up_comes_back() -> None:
    back = {
        f"{file}:{line} {name}: say {given_up[name.strip('_')]}"
        for file, module in modules().items()
        for given_up, names in ((NAMES, [(1, Path(file).stem), *members_of(module)]), (FIELDS, fields_of(module)))
        for line, name in names
        if name.strip("_") in given_up and not is_sentence(file, name)
    }
    offends(list(back), "these names have better ones (docs/glossary.md)")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("was_told", {"was", "told"}),
        ("SubmissionError", {"submission", "error"}),
        ("_ASKING", {"asking"}),
        ("HTTPServer", {"http", "server"}),
        ("foretold", {"foretold"}),
    ],
)
def test_a_name_is_read_word_by_word(name: str, parts: set[str]) -> None:
    assert words(name) == parts


def test_names_of_every_kind_are_read() -> None:
    code = """
import os as module
LEVEL: int = 1
class Thing(Base):
    member: int
    def method(self, parameter, *rest, named=None):
        self.attribute = [item for item in rest]
        with open() as file, x as (first, second):
            if (walrus := parameter):
                del other.thing
        return unbound(keyword=1)
"""
    names = {name for _, name in bound("package/stem.py", ast.parse(code))}
    assert names == {
        *("stem", "module", "LEVEL", "Thing", "member", "method", "self", "parameter", "rest", "named"),
        *("attribute", "item", "file", "first", "second", "walrus"),
    }
    members = {name for _, name in members_of(ast.parse(code))}
    assert members == {"LEVEL", "Thing", "member", "method", "attribute"}
    assert {name for _, name in fields_of(ast.parse(code))} == {"LEVEL", "member", "attribute"}


@pytest.mark.parametrize(
    ("module", "clients", "where"),
    [
        ("chalice.test", {"Client", "TestHTTPClient"}, {"tests/clients.py"}),
        (
            "http.client",
            {"HTTPConnection"},
            {"tests/clients.py", "tests/local/test_http_server.py"},
        ),
    ],
)
def test_every_client_of_a_test_holds_its_answers_against_the_contract(
    module: str, clients: set[str], where: set[str]
) -> None:
    importing = {
        file
        for file, tree in modules().items()
        for node in ast.walk(tree)
        if file.startswith("tests/") and isinstance(node, ast.ImportFrom)
        if node.module == module and {name.name for name in node.names} & clients
    }
    assert importing == where, "tests/clients.py has clients that hold what sedo answers"
