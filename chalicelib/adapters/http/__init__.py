"""Steps of the type `http`: requests that reach only what they may."""
