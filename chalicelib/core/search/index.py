"""The index: its mapping, with a version, and its names.

A stage has an alias for what is read, which names one index, and while a rebuild is under way another alias for the
index that is to come. Whoever writes, writes to both.
"""

from collections.abc import Mapping

from chalicelib.core.values.json import Json, JsonObject
from chalicelib.core.values.value import value

MAPPING_VERSION = 3
"""Raised with each change of the mapping, which takes a rebuild."""

_KEYWORD: JsonObject = {"type": "keyword"}
_NAMES = ("key", "kind", "tenant", "id", "definition", "edition", "status", "states", "step", "error", "startedBy")

MAPPING: Mapping[str, Json] = {
    "dynamic": False,
    "properties": {
        **dict.fromkeys(_NAMES, _KEYWORD),
        "version": {"type": "long"},
        "startedAt": {"type": "date"},
        "dollars": {"type": "double"},
        "costs": {"type": "nested", "properties": {"step": _KEYWORD, "dollars": {"type": "double"}}},
        "words": {"type": "text"},
        "attributes": {
            "type": "nested",
            "properties": {
                "name": _KEYWORD,
                "text": _KEYWORD,
                "number": {"type": "double"},
                "instant": {"type": "date"},
            },
        },
        "changedAt": {"type": "date"},
        "lagMs": {"type": "long"},
    },
}
"""Of documents. What an answer shows stands in ``shown``, which is stored and not searched."""


@value
class IndexNames:
    """The names of a stage; each begins with its prefix, so stages can share a domain."""

    prefix: str

    @property
    def alias(self) -> str:
        """What is read."""
        return f"{self.prefix.lower()}-search"

    @property
    def building(self) -> str:
        """The alias of the index that a rebuild fills."""
        return f"{self.alias}-building"

    @property
    def template(self) -> str:
        """The template of its indexes."""
        return f"{self.alias}-template"

    @property
    def every(self) -> str:
        """The pattern of the names of its indexes."""
        return f"{self.alias}-v*"

    def index(self, suffix: str) -> str:
        """Name an index."""
        return f"{self.alias}-v{MAPPING_VERSION}-{suffix}"


def template(names: IndexNames) -> JsonObject:
    """Write the template of the indexes of a stage."""
    return {
        "index_patterns": [names.every],
        "version": MAPPING_VERSION,
        "template": {"mappings": {**MAPPING, "_meta": {"version": MAPPING_VERSION}}},
    }
