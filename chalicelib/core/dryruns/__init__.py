"""What a dry run is made of: mocks, and one step alone."""
