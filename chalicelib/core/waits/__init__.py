"""Who waits for what: people's tasks, signals by key, callback tokens."""
