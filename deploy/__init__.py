"""The tables, queues and keys of an account."""
