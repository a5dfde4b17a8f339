"""Expressions as JSON Schemas: what an expression reads, and what it evaluates to."""

from collections.abc import Callable, Sequence

from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.made import At, Made
from chalicelib.core.expressions.reference import ITEM, reading
from chalicelib.core.schemas.paths import Paths, list_of, object_of, one_of
from chalicelib.core.values.json import Json


class Expressed:
    """An expression, with what it reads.

    Args:
        expression: what is evaluated.
        named: answers the JSON Schema of what names of the scope lead to.
        paths: what looks for names.
    """

    def __init__(self, expression: Expression, named: Callable[[Sequence[str]], Json], paths: Paths) -> None:
        self.reading = reading(expression)
        self._named, self._paths = named, paths
        self._schemas: dict[str, Json] = {}

    def result(self) -> Json:
        """Tell what it comes to."""
        return self.at(self.reading.result)

    def made(self, name: str) -> Json:
        """Tell what it makes under what stands for a name."""
        if name not in self._schemas:
            made = self.reading.made[name]
            self._schemas[name] = self._joined(made, [self.at(each) for each in made.sources])
        return self._schemas[name]

    def types(self, at: At, *inside: str) -> frozenset[str]:
        """Tell of which types a value is, or what is inside of it, as JSON Schema does, null aside; none: not known."""
        return self._paths.types(self._paths.inside(self.at(at), inside))

    def at(self, names: At) -> Json:
        """Tell what a value is that it reads or makes."""
        if not names:
            return True
        if names[0] in self.reading.made:
            return self._paths.inside(self.made(names[0]), names[1:])
        return self._named(names)

    def _joined(self, made: Made, parts: Sequence[Json]) -> Json:
        """Tell what is made of parts."""
        match made.how:
            case "object":
                return object_of(dict(zip(made.names, parts, strict=True)))
            case "list":
                return list_of(one_of(parts))
            case "zip":
                return list_of(list_of(one_of([self._paths.inside(each, [ITEM]) for each in parts])))
            case "chunks":
                return list_of(parts[0])
            case "either":
                return one_of(parts)
        return made.schema
