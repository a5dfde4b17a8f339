"""Downloads in memory."""

from collections.abc import Iterable


class MemoryDownloads:
    """JSON texts by name; their addresses lead nowhere."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def has(self, name: str) -> bool:
        """Tell whether there is one of this name."""
        return name in self.contents

    def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Keep one."""
        self.contents[name] = b"".join(parts)

    def link(self, name: str) -> str:
        """Make its address."""
        return f"https://downloads.invalid/{name}"
