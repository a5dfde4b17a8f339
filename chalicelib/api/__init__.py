"""The operations of the HTTP API: each takes a request that the contract allows, calls a use case, and answers JSON."""
