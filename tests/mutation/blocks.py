"""Which tests reach which blocks of the code: every list of statements in a function notes when it is run."""

import ast
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

NOTE = "__reached__"
"""What a block calls with its name."""


@dataclass
class Reach:
    """Which tests reach what, and how long each takes."""

    tests: dict[str, float] = field(default_factory=dict)
    """Their seconds, by their ids."""
    reached: dict[str, list[str]] = field(default_factory=dict)
    """By block: the tests that run it, in no order."""
    imported: set[str] = field(default_factory=set)
    """Blocks that run while the code is imported."""

    def of(self, file: str, function: str, block: str) -> list[str]:
        """List the tests that reach a block, or its function, or its module: those of its room first, then by cost."""
        exactly = set(self.reached.get(block, ()))
        for known in (f"{file}::{function}#", f"{file}::"):
            found = exactly or {t for name, tests in self.reached.items() if name.startswith(known) for t in tests}
            if found:
                room = f"tests/{Path(file).parent.relative_to('chalicelib')}/" if file.startswith("chalicelib") else "-"
                return sorted(found, key=lambda test: (not test.startswith(room), self.tests[test], test))
        return []

    def add(self, other: "Reach") -> None:
        """Take in what others have learned of other tests."""
        self.tests |= other.tests
        self.imported |= other.imported
        for block, tests in other.reached.items():
            self.reached.setdefault(block, []).extend(tests)

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        numbers = {test: number for number, test in enumerate(self.tests)}
        reached = {block: [numbers[test] for test in tests] for block, tests in self.reached.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([[*self.tests.items()], reached, sorted(self.imported)]), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Reach":
        """Read what was kept."""
        tests, reached, imported = json.loads(path.read_text(encoding="utf-8"))
        names = [name for name, _ in tests]
        return cls(dict(tests), {block: [names[n] for n in of] for block, of in reached.items()}, set(imported))


class Noting(ast.NodeTransformer):
    """Lets every block of a module note that it is run."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.functions: list[str] = []
        self.numbers: dict[str, int] = {}
        self.inside = 0

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Go into a class, whose own statements are not noted."""
        self.functions.append(node.name)
        self.generic_visit(node)
        self.functions.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Go into a function."""
        self.functions.append(node.name)
        self.inside += 1
        self.noted(node)
        self.inside -= 1
        self.functions.pop()
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        """Note the blocks of a statement within a function."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef) or not self.inside:
            return super().visit(node)
        return self.noted(node)

    def noted(self, node: ast.AST) -> ast.AST:
        """Let every block of a statement note that it is run."""
        bodies = [name for name in ("body", "orelse", "finalbody") if isinstance(getattr(node, name, None), list)]
        names = {name: self.name() for name in bodies if getattr(node, name)}
        self.generic_visit(node)
        for name, block in names.items():
            body = getattr(node, name)
            at = 1 if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else 0
            call = ast.Expr(ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(block)], []))
            body.insert(at, call)
        return node

    def name(self) -> str:
        """Name the next block."""
        function = ".".join(self.functions)
        number = self.numbers[function] = self.numbers.get(function, 0) + 1
        return f"{self.file}::{function}#{number}"


def block_of(file: str, module: ast.Module, target: ast.AST) -> tuple[str, str]:
    """Find the function and the block that hold a node of a module, by their names."""
    finder = _Finding(file, target)
    finder.visit(module)
    return finder.found


class _Finding(Noting):
    """Finds the innermost block that holds a place, in a module that is not to be run."""

    def __init__(self, file: str, target: ast.AST) -> None:
        super().__init__(file)
        self.target = target
        self.found = ("", "")

    def noted(self, node: ast.AST) -> ast.AST:
        bodies = [name for name in ("body", "orelse", "finalbody") if isinstance(getattr(node, name, None), list)]
        for name in bodies:
            if not (statements := getattr(node, name)):
                continue
            block = self.name()
            if any(_holds(statement, self.target) for statement in statements):
                self.found = (".".join(self.functions), block)
        self.generic_visit(node)
        return node


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    spans = [(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset) for n in (outer, inner)]  # type: ignore[attr-defined] # statements and what is in them have places
    (first, column, last, end), (line, at, until, to) = spans
    return (first, column) <= (line, at) and (until, to) <= (last, end)


class Source(SourceFileLoader):
    """Loads a module from a source of its own making."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        """Answer the code."""
        return self.code


class Finder(MetaPathFinder):
    """Finds the modules of some files, with other code than stands there."""

    def __init__(self, root: Path, sources: Mapping[str, ast.Module | str]) -> None:
        self.root = root
        self.sources = {module_of(file): (file, source) for file, source in sources.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module."""
        if fullname not in self.sources:
            return None
        file, source = self.sources[fullname]
        place = str(self.root / file)
        loader: Loader = Source(fullname, place, compile(source, place, "exec"))
        package = [str(Path(place).parent)] if file.endswith("__init__.py") else None
        return spec_from_file_location(fullname, place, loader=loader, submodule_search_locations=package)


def module_of(file: str) -> str:
    """Name the module of a file."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def noting(root: Path, files: Sequence[str]) -> Finder:
    """Make a finder of modules whose blocks note that they are run."""
    sources = {}
    for file in files:
        module = Noting(file).visit(ast.parse((root / file).read_text(encoding="utf-8")))
        sources[file] = ast.fix_missing_locations(module)
    return Finder(root, sources)


def install(finder: Finder) -> None:
    """Let imports ask a finder first."""
    sys.meta_path.insert(0, finder)
