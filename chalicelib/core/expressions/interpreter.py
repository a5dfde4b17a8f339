"""Expressions evaluated within a budget of steps and bytes."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from json.encoder import encode_basestring
from typing import Any, cast

from jmespath.exceptions import JMESPathTypeError
from jmespath.functions import Functions as JmespathFunctions
from jmespath.visitor import Options, TreeInterpreter

from chalicelib.core.expressions.costs import Costs
from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.functions import Functions, parameters_of
from chalicelib.core.expressions.signature import KINDS
from chalicelib.core.limits import LIMITS, Limits, beyond
from chalicelib.core.values.errors import EvaluationError, TemplateBudgetError, TemplateError
from chalicelib.core.values.json import Json, bytes_of
from chalicelib.core.values.pattern import PatternError
from chalicelib.core.values.value import value as value_class

MAX_VISITS = LIMITS.rendering_visits
MAX_PASSED = LIMITS.rendering_passed_bytes

SHORT = 256
"""Characters of a text in ASCII that passes unweighed, as ``LONGEST_SHORT`` bytes."""
LONGEST_SHORT = 6 * SHORT + 2

MAX_DEPTH = LIMITS.value_depth
_LEVELS = MAX_DEPTH + 1
_MAX_DIGITS = LIMITS.number_digits
_BEYOND = 10**_MAX_DIGITS
_BITS_OF_A_DIGIT = 4

HOLDER = 24
"""Bytes that a list or an object counts for beside its JSON among what is built: many small ones take time and room."""

_BUILDERS = frozenset(
    {
        "filter_projection",
        "flatten",
        "function_expression",
        "multi_select_dict",
        "multi_select_list",
        "projection",
        "slice",
        "value_projection",
    }
)

_OPTIONS = Options(custom_functions=JmespathFunctions())
"""Functions that nobody calls: without any, jmespath makes new ones for every rendering."""


@value_class
class EvaluationBudget:
    """What the expressions of one rendering may cost together."""

    visits: int = MAX_VISITS
    result: int = LIMITS.rendering_result_bytes
    """Bytes of JSON of what they yield."""
    built: int = LIMITS.rendering_built_bytes
    """Bytes of JSON of what they make on the way."""


RENDERING = EvaluationBudget()
CONDITION = EvaluationBudget(
    LIMITS.condition_visits,
    LIMITS.condition_built_bytes,
    LIMITS.condition_built_bytes,
)
"""Of a condition of access: a list may hold a caller to those of many versions."""


class Interpreter:
    """Evaluates the expressions of one rendering, which share one budget.

    Args:
        values: what expressions see, mostly by name.
        now: what ``now()`` gives.
        seed: what ``uuid()`` is derived from.
        budget: what they may cost.
    """

    def __init__(
        self, values: "Mapping[str, Json] | Json", now: datetime, seed: str, budget: EvaluationBudget = RENDERING
    ) -> None:
        self._budget = budget
        self._root = values
        self._now = now
        self._seed = seed
        self._visits = _Visits(budget.visits)
        self._yielded = 0
        self._passed = 0
        self._through: dict[int, tuple[object, int]] = {}
        """What was passed on, with its bytes; keeping it keeps its id from being given to another."""

    @cached_property
    def _tree(self) -> "_Tree":
        scales = _Scales(self._budget.result, self._budget.built, HOLDER)
        return _Tree(self._visits, Functions(self._now, self._seed), self._root, scales)

    def evaluate(self, expression: Expression) -> Json:
        """Evaluate one expression.

        Raises:
            TemplateBudgetError: the rendering costs more than its budget.
            TemplateError: a function got what it cannot take, or the result is not JSON.
        """
        try:
            if expression.path is None:
                value: Json = self._tree.visit(expression.tree, self._root)
                self._yielded += self._tree.scales.size(value)
            else:
                self._visits.spend(expression.visits)
                value = self._look_up(expression.path)
                short = isinstance(value, str) and len(value) <= SHORT and value.isascii()
                self._passed += LONGEST_SHORT if short else self._bytes_of(value)
            if self._yielded > self._budget.result or self._passed > MAX_PASSED:
                most = self._budget.result if expression.path is None else MAX_PASSED
                raise _over_budget(most, f"yields more than {most:,} bytes")
        except TemplateBudgetError as error:
            raise TemplateBudgetError(f"${{{expression.text}}} {error}") from None
        except (EvaluationError, PatternError) as error:
            raise TemplateError(f"${{{expression.text}}}: {str(error)[:600]}") from None
        except JMESPathTypeError as error:
            raise TemplateError(f"${{{expression.text}}}: {_wrong_argument(error)}") from None
        except ArithmeticError:
            raise TemplateError(f"${{{expression.text}}}: a number in it is too large") from None
        except UnicodeError:
            raise TemplateError(f"${{{expression.text}}}: a text in it holds half of a surrogate pair") from None
        except RecursionError:
            raise TemplateError(f"${{{expression.text}}}: nests too deeply") from None
        return value

    def _bytes_of(self, value: object) -> int:
        """Give the bytes of a value in scope, which is JSON: to weigh its parts one by one would take a second.

        The stash may be larger than any value in it, and is given up once it has too many.
        """
        if id(value) not in self._through:
            size = 0 if isinstance(value, dict) else bytes_of(value)
            for name, member in value.items() if isinstance(value, dict) else ():
                size += bytes_of(name) + bytes_of(member) + 2
                if size > MAX_PASSED:
                    break
            self._through[id(value)] = value, size
        return self._through[id(value)][1]

    def _look_up(self, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - a value of the scope
        """Follow a path; what is not there is null."""
        value: Any = self._root
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
                value = value[part]
            else:
                return None
        return value


class _Visits:
    """Counts visits of nodes, for an interpreter and its tree: that knows no interpreter, so both are gone at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made = 0

    def spend(self, nodes: int = 1) -> None:
        """Count some more."""
        self._made += nodes
        if self._made > self._most:
            raise _over_budget(self._most, f"costs more than {self._most:,} visits of nodes")


class _Tree(TreeInterpreter):
    """Evaluates what is no mere path, node by node: ``visits`` counts each, and ``$`` is the ``root``."""

    def __init__(self, visits: _Visits, library: Functions, root: Any, scales: "_Scales") -> None:  # noqa: ANN401 - any value
        super().__init__(_OPTIONS)
        self._root = root
        self._costs = Costs()
        self.scales = scales
        self._spend = visits.spend
        self._library = library

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (the signature of TreeInterpreter)
        """Count the visit, and weigh what it has built."""
        self._spend(1)
        kind = node["type"]
        value = getattr(self, f"visit_{kind}")(node, *args, **kwargs)
        if kind in _BUILDERS:
            self.scales.size(value)
        return value

    def visit_root(self, _node: Any, _value: Any) -> Any:  # noqa: ANN401 (the same)
        """Give the outermost value, wherever the expression is."""
        return self._root

    def visit_function_expression(self, node: Any, value: Any) -> Any:  # noqa: ANN401 (the same)
        """Call a function; a lazy parameter gets its argument unevaluated."""
        parameters = parameters_of(node["value"])
        lazy = [parameter.get("lazy") for parameter in parameters]
        arguments = [
            partial(self.visit, child, value) if place < len(lazy) and lazy[place] else self.visit(child, value)
            for place, child in enumerate(node["children"])
        ]
        self._spend(self._costs.of_call(node["value"], arguments))
        return self._library.call_function(node["value"], arguments)

    def visit_comparator(self, node: Any, value: Any) -> Any:  # noqa: ANN401 (the same)
        """Compare two values; null, if one of them has no order and it is asked for.

        Raises:
            EvaluationError: a text and a number, of which neither is more.
        """
        left, right = (self.visit(child, value) for child in node["children"])
        self._spend(self._costs.of_comparison(left, right))
        if node["value"] in {"eq", "ne"}:
            return self.COMPARATOR_FUNC[node["value"]](left, right)
        if not (_is_ordered(left) and _is_ordered(right)):
            return None
        if isinstance(left, str) is not isinstance(right, str):
            kinds = " and ".join("a text" if isinstance(each, str) else "a number" for each in (left, right))
            sign = _SIGNS[node["value"]]
            raise EvaluationError(f"{sign} compares two numbers or two texts, not {kinds}: to_number() reads a number")
        return self.COMPARATOR_FUNC[node["value"]](left, right)


_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _is_ordered(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


class _Scales:
    """Weighs values in bytes of JSON, each list and object once, and refuses what is too heavy or no JSON.

    Args:
        most: bytes that one value may have.
        built: bytes that all of them may have together, where a list or an object has ``holder`` bytes more.
        holder: see there.
    """

    def __init__(self, most: int, built: int, holder: int) -> None:
        self._most = most
        self._built = built
        self._holder = holder
        self._known: dict[int, int] = {}
        self._kept: list[object] = []
        self._weighed = 0

    def size(self, value: object) -> int:
        """Give the bytes of a value."""
        if isinstance(value, list | dict):
            self._kept.append(value)  # so that no id of it or of its parts is given to another value
            return self._weigh(value)[0]
        size = _size_of_scalars(type(value), (value,), self._most)
        self._add(size)
        return size

    def _weigh(self, value: list[object] | dict[str, object], levels: int = MAX_DEPTH) -> tuple[int, int]:
        """Give the bytes and the levels of a list or an object, which may have so many."""
        known = self._known.get(id(value))
        if known is None:
            size, height = self._weigh_parts(value, levels)
            known = self._known[id(value)] = size * _LEVELS + height  # a tuple for each of a million would be large
        return divmod(known, _LEVELS)

    def _weigh_parts(self, value: list[object] | dict[str, object], levels: int) -> tuple[int, int]:
        parts = value if isinstance(value, list) else (*value, *value.values())
        size = own = 2 + len(parts)
        height = 0
        # one call for each of a million numbers would cost more than all the rest
        kinds = dict.fromkeys(map(type, parts))
        for kind in kinds:
            of_kind = parts if len(kinds) == 1 else [part for part in parts if type(part) is kind]
            if issubclass(kind, list | dict):
                if levels == 1:
                    raise _too_deep()
                for part in cast("Sequence[list[object]]", of_kind):
                    part_size, part_height = self._weigh(part, levels - 1)
                    size += part_size
                    height = max(height, part_height)
                    self._refuse_above_most(size)
            else:
                scalars_size = _size_of_scalars(kind, of_kind, self._most)
                own += scalars_size
                size += scalars_size
        self._refuse_above_most(size)
        if height >= MAX_DEPTH:
            raise _too_deep()
        self._add(own + self._holder)
        return size, height + 1

    def _refuse_above_most(self, size: int) -> None:
        if size > self._most:
            raise _too_large(self._most)

    def _add(self, size: int) -> None:
        self._weighed += size
        if self._weighed > self._built:
            raise _over_budget(self._built, f"builds more than {self._built:,} bytes on the way")


def _size_of_scalars(kind: type, values: Sequence[object], most: int) -> int:
    size_of = _SIZES.get(str if issubclass(kind, str) else kind)
    if size_of is None:
        raise EvaluationError("an expression reference (&) is no value")
    return size_of(values, most)


def _size_of_texts(values: Sequence[str], most: int) -> int:
    if max(map(len, values)) > most:
        raise _over_budget(most, f"makes a text of more than {most:,} bytes")
    if sum(map(len, values)) > most:
        raise _too_large(most)
    return sum(map(len, map(str.encode, map(encode_basestring, values))))


def _size_of_integers(values: Sequence[int], most: int) -> int:
    bits = [*map(int.bit_length, values)]
    if max(bits) >= _BEYOND.bit_length() and max(map(abs, values)) >= _BEYOND:
        raise EvaluationError(beyond("number_digits", f"the result is a number of more than {_MAX_DIGITS:,} digits"))
    if sum(bits) > most * _BITS_OF_A_DIGIT:
        raise _too_large(most)
    return sum(map(len, map(repr, values)))


def _size_of_floats(values: Sequence[float], _most: int) -> int:
    if not all(map(math.isfinite, values)):
        raise EvaluationError("the result is not a finite number")
    return sum(map(len, map(repr, values)))


_SIZES: Mapping[type, Callable[[Sequence[Any], int], int]] = {
    str: _size_of_texts,
    int: _size_of_integers,
    float: _size_of_floats,
    bool: lambda values, _: 5 * len(values),
    type(None): lambda values, _: 4 * len(values),
}


def _too_deep() -> TemplateBudgetError:
    return _over_budget(MAX_DEPTH, f"makes a value of more than {MAX_DEPTH} levels")


def _too_large(most: int) -> TemplateBudgetError:
    return _over_budget(most, f"makes a value of more than {most:,} bytes")


_NAMES = {
    getattr(LIMITS, name): name
    for name in Limits.__annotations__
    if name.startswith(("condition_", "rendering_", "value_depth"))
}
"""Of the limits of a rendering and of a condition, which differ."""


def _over_budget(most: int, reason: str) -> TemplateBudgetError:
    return TemplateBudgetError(beyond(_NAMES[most], reason) if most in _NAMES else reason)


def _wrong_argument(error: JMESPathTypeError) -> str:
    taken = " or ".join(KINDS.get(kind, kind) for kind in error.expected_types)
    return f"{error.function_name}() takes {taken}, not {KINDS.get(error.actual_type, error.actual_type)}"
