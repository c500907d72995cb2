"""The same quarter scored by hand: what the project is measured against."""
