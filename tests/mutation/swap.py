"""A mutant put into modules that are loaded: the code of one function is changed, for all who have the function."""

import inspect
import sys
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType

from tests.mutation.blocks import module_of
from tests.mutation.operators import Mutant


def swap(mutant: Mutant) -> bool:
    """Change the code of a function; tell whether that could be done."""
    module = sys.modules.get(module_of(mutant.file))
    code = compile(mutant.source, mutant.file, "exec")
    found: object = module
    for name in mutant.function.split("."):
        found = getattr(found, "__dict__", {}).get(name)
        function, codes = plain(found), [each for each in inner(code) if each.co_name == name]
        if function is None:
            if not codes or found is None:
                return False
            code = codes[0]
            continue
        return any(put(function, each) for each in codes)
    return False


def plain(found: object) -> FunctionType | None:
    """Find the function behind a property, a class method or what else has been made of it."""
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, staticmethod | classmethod):
        found = found.__func__
    elif isinstance(found, cached_property):
        found = found.func
    found = inspect.unwrap(found) if callable(found) and not isinstance(found, type) else found
    return found if isinstance(found, FunctionType) else None


def inner(code: CodeType) -> Iterator[CodeType]:
    """List the code within other code."""
    return (each for each in code.co_consts if isinstance(each, CodeType))


def put(function: FunctionType, code: CodeType) -> bool:
    """Give a function other code, if it is that of the same function."""
    old = function.__code__
    if code.co_firstlineno != old.co_firstlineno or code.co_freevars != old.co_freevars:
        return False
    function.__code__ = code
    return True
