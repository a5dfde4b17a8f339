"""The rules of what runs where it is started or answered, switched off one at a time."""
