"""The edges: one outside library per file."""
