"""Expressions and templates."""
