"""Implementations of the ports: over AWS, HTTP, OpenSearch, and in memory."""
