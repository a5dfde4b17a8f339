"""Definitions: their grammar, how they are parsed and checked, and what they are then."""
