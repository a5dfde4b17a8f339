"""The shell around the state machine: it takes messages, drives executions, writes, and carries commands out."""
