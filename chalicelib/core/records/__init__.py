"""What is kept of executions: items, history, large values."""
