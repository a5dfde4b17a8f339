"""Search: what the index holds, and what it is asked."""
