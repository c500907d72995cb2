"""Two real cities, read by their source mappings."""
