"""Template functions of values, lists and objects."""

from collections.abc import Callable, Hashable, Mapping, Sequence

from chalicelib.core.expressions.signature import (
    ANY,
    ARRAY,
    LAZY,
    NUMBER,
    OBJECT,
    OBJECT_OR_NULL,
    TEXT,
    TEXTS,
    check_items,
    optional,
    rest,
    signature,
    whole,
)
from chalicelib.core.values.decimals import Number
from chalicelib.core.values.errors import EvaluationError, TemplateError
from chalicelib.core.values.json import Json


def is_true(value: Json) -> bool:
    """Tell truth as jmespath does: null, false and what is empty are not true, 0 is (JMESPath, "Or Expressions")."""
    return value is not None and value is not False and value not in ("", [], {})


def same(value: Json) -> Hashable:
    """Make a key that is equal for equal JSON values: 1 is 1.0, and neither is true."""
    match value:
        case bool():
            return (bool, value)
        case list():
            return (list, *map(same, value))
        case dict():
            return frozenset((key, same(part)) for key, part in value.items())
        case _:
            return value


class DataFunctions:
    """Choose, and take values apart and together."""

    @signature(OBJECT_OR_NULL, TEXT)
    def _func_has(self, thing: Mapping[str, Json] | None, key: str) -> bool:
        """has(object, key): whether the object has the key, even with null; null has none.

        has({a: null}, 'a') -> true
        has({a: null}, 'b') -> false
        """
        return thing is not None and key in thing

    @signature(OBJECT_OR_NULL, TEXT, optional(ANY))
    def _func_get(self, thing: Mapping[str, Json] | None, key: str, fallback: Json = None) -> Json:
        """get(object, key, default?): the value of a key that may be computed; the default or null without it.

        get({a: `1`}, 'a') -> 1
        get({a: `1`}, 'b', `0`) -> 0
        """
        return fallback if thing is None else thing.get(key, fallback)

    @signature(ANY, optional(TEXT))
    def _func_required(self, value: Json, message: str | None = None) -> Json:
        """required(value, message?): the value; if it is null, the template fails with the message.

        required('there', 'it is missing') -> "there"
        """
        if value is None and message is None:
            raise EvaluationError("a required value is null")
        if value is None:
            raise TemplateError(str(message))
        return value

    @signature(ANY, LAZY)
    def _func_default(self, value: Json, fallback: Callable[[], Json]) -> Json:
        """default(value, fallback): the value, or the fallback if it is null.

        default(`0`, `5`) -> 0
        default(null, `5`) -> 5
        """
        return fallback() if value is None else value

    @signature(ANY, LAZY, LAZY)
    def _func_if(self, condition: Json, then: Callable[[], Json], otherwise: Callable[[], Json]) -> Json:
        """if(condition, then, else): one of the two; the other is not evaluated.

        if(`2` > `1`, 'more', 'less') -> "more"
        """
        return then() if is_true(condition) else otherwise()

    @signature(NUMBER, optional(NUMBER), optional(NUMBER))
    def _func_range(self, start: Number, end: Number | None = None, step: Number = 1) -> list[int]:
        """range(end), range(start, end, step?): the whole numbers from start (or 0) up to but without end.

        range(`3`) -> [0, 1, 2]
        range(`10`, `0`, `-4`) -> [10, 6, 2]
        """
        first, last = (0, start) if end is None else (start, end)
        if step == 0:
            raise EvaluationError("range() needs a step that is not 0")
        numbers = range(whole(first, "start"), whole(last, "end"), whole(step, "step"))
        check_items((numbers.stop - numbers.start) // numbers.step)
        return list(numbers)

    @signature(ARRAY)
    def _func_unique(self, items: list[Json]) -> list[Json]:
        """unique(array): without repetitions, in the order of their first place.

        unique(['b', 'a', 'b']) -> ["b", "a"]
        """
        first: dict[Hashable, Json] = {}
        for item in items:
            first.setdefault(same(item), item)
        return list(first.values())

    @signature(ARRAY, NUMBER)
    def _func_chunk(self, items: list[Json], size: Number) -> list[list[Json]]:
        """chunk(array, size): lists of size items each, the last one shorter.

        chunk(range(`5`), `2`) -> [[0, 1], [2, 3], [4]]
        """
        length = whole(size, "size")
        if length < 1:
            raise EvaluationError(f"chunk() needs a size of 1 or more, not {length}")
        return [items[start : start + length] for start in range(0, len(items), length)]

    @signature(rest(ARRAY))
    def _func_zip(self, *arrays: list[Json]) -> list[list[Json]]:
        """zip(array, ...): lists of the first items, the second items, … as long as every array has one.

        zip(['a', 'b'], range(`3`)) -> [["a", 0], ["b", 1]]
        """
        check_items(min(map(len, arrays)) * len(arrays))
        return [list(items) for items in zip(*arrays, strict=False)]

    @signature(ARRAY, NUMBER, optional(ANY))
    def _func_at(self, items: list[Json], index: Number, fallback: Json = None) -> Json:
        """at(array, index, default?): an item by a computed index, below 0 from the end; the default or null outside.

        at(['a', 'b'], `-1`) -> "b"
        at(['a', 'b'], `2`) -> null
        """
        place = whole(index, "index")
        return items[place] if -len(items) <= place < len(items) else fallback

    @signature(ARRAY)
    def _func_flatten_deep(self, items: list[Json]) -> list[Json]:
        """flatten_deep(array): the items of all arrays inside arrays, as one array.

        flatten_deep([[`1`, [`2`]], `3`]) -> [1, 2, 3]
        """
        flat: list[Json] = []
        waiting = [iter(items)]
        while waiting:
            for item in waiting[-1]:
                if isinstance(item, list):
                    waiting.append(iter(item))
                    break
                flat.append(item)
            else:
                waiting.pop()
        return flat

    @signature(OBJECT, TEXTS)
    def _func_pick(self, thing: Mapping[str, Json], keys: Sequence[str]) -> dict[str, Json]:
        """pick(object, keys): the object with these keys only.

        pick({a: `1`, b: `2`}, ['a', 'c']) -> {"a": 1}
        """
        wanted = set(keys)
        return {key: value for key, value in thing.items() if key in wanted}

    @signature(OBJECT, TEXTS)
    def _func_omit(self, thing: Mapping[str, Json], keys: Sequence[str]) -> dict[str, Json]:
        """omit(object, keys): the object without these keys.

        omit({a: `1`, b: `2`}, ['a', 'c']) -> {"b": 2}
        """
        unwanted = set(keys)
        return {key: value for key, value in thing.items() if key not in unwanted}
