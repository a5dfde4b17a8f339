"""What each route answers: a request taken apart, a use case, its result as JSON."""
