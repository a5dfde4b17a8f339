"""Values that are fetched when they are needed, and kept in the process for a while."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

LASTS = timedelta(minutes=5)
"""How long what can change without notice is kept."""

SIZE = 1_000
"""How many values are kept: the ones fetched last."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """Values by key, one fetch of a key at a time: whoever asks meanwhile gets what comes of it, a failure too."""

    def __init__(
        self, fetch: Callable[[K], tuple[V, timedelta]], now: Callable[[], datetime], size: int = SIZE
    ) -> None:
        """Keep what ``fetch`` answers for as long as it says; what it raises is not kept."""
        self._fetch = fetch
        self._now = now
        self._size = size
        self._lock = Lock()
        self._kept: dict[K, tuple[V, datetime]] = {}
        self._fetching: dict[K, Future[V]] = {}

    def get(self, key: K) -> V:
        """Answer a value."""
        now = self._now()
        with self._lock:
            if key in self._kept and now < self._kept[key][1]:
                return self._kept[key][0]
            mine = key not in self._fetching
            future = self._fetching.setdefault(key, Future())
        if mine:
            self._fill(key, now, future)
        return future.result()

    def forget(self, key: K) -> None:
        """Fetch a value anew when it is needed next."""
        with self._lock:
            self._kept.pop(key, None)

    def _fill(self, key: K, now: datetime, future: Future[V]) -> None:
        try:
            value, lasts = self._fetch(key)
        except BaseException as error:  # noqa: BLE001 - the future raises it, here and wherever it is waited for
            with self._lock:
                del self._fetching[key]
            future.set_exception(error)
            return
        with self._lock:
            del self._fetching[key]
            self._kept.pop(key, None)
            self._kept[key] = (value, now + lasts)
            if len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        future.set_result(value)
