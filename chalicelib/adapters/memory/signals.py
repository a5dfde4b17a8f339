"""Events that are matched by key, kept in memory as JSON text."""

import json
from threading import Lock

from chalicelib.core.values.json import encode
from chalicelib.core.waits.correlation import Correlation, correlation_json, read_correlation


class MemorySignals:
    """Rows by tenant, name and key: the version of each and its text."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], tuple[int, bytes]] = {}
        self._lock = Lock()

    def get(self, tenant_id: str, name: str, key: str) -> Correlation:
        """Read a row."""
        version, text = self.rows.get((tenant_id, name, key), (0, b"{}"))
        return read_correlation(Correlation(tenant_id, name, key, version), json.loads(text))

    def put(self, row: Correlation) -> bool:
        """Write the next version of a row."""
        place, text = (row.tenant_id, row.name, row.key), encode(correlation_json(row))
        with self._lock:
            version, _ = self.rows.get(place, (0, b""))
            if version != row.version - 1:
                return False
            self.rows[place] = row.version, text
            return True
