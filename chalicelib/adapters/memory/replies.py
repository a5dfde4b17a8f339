"""Answers by the keys of their requests, in memory."""

from datetime import UTC, datetime

from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.values.value import copy_with


class MemoryReplies:
    """Who has which key, since when, and up to when."""

    def __init__(self) -> None:
        self.holders: dict[str, tuple[KeyHolder, datetime, datetime]] = {}

    def claim(self, name: str, wanted: KeyHolder, now: datetime, until: datetime, died_before: datetime) -> KeyHolder:
        """Take a key."""
        if name in self.holders and self.holders[name][2] > now:
            holder, since, _ = self.holders[name]
            if holder.reply is not None or since >= died_before or holder.asked != wanted.asked:
                return holder
            self.holders[name] = holder, now, until
            return copy_with(holder, is_new=True)
        self.holders[name] = wanted, now, until
        return copy_with(wanted, is_new=True)

    def keep(self, name: str, reply: KeptAnswer, until: datetime) -> None:
        """Keep an answer."""
        holder, since, _ = self.holders[name]
        self.holders[name] = copy_with(holder, reply=reply), since, until

    def let_go(self, name: str) -> None:
        """Let the same request have a key at once."""
        holder, _, expires = self.holders[name]
        self.holders[name] = holder, datetime.min.replace(tzinfo=UTC), expires
