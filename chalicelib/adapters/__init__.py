"""The ports of sedo, kept by real services and by memory."""
