"""Gongping: a city's public-request quarter, scored, explained and published."""
