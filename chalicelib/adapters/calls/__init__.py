"""What every call into the world goes through: a pool, secrets, tokens, settings."""
