"""Other engines beside sedo: the same shapes, in turns, on this machine."""
