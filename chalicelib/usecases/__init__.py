"""What a tenant can ask of sedo."""
