"""The state machine: what an execution is, and what each input makes of it."""
