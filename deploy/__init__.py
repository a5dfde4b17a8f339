"""Deployment: tables, queues and keys of an account, policies, the package, and the release of a stack."""
