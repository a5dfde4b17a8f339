"""Values: JSON, instants, errors, and classes of values."""
