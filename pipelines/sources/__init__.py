"""Fetching exports from databases, stores and servers into a raw layer that never changes."""
