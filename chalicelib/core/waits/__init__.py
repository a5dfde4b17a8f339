"""Waits outside of an execution: people's tasks, signals by key and their waiters, callback tokens."""
