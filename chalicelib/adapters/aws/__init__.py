"""Steps of the types `aws` and `lambda`: calls of AWS."""
