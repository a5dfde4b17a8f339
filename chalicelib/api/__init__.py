"""What each route answers: a request that is as the contract asks, a use case, its result as JSON."""
