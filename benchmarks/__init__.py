"""How fast a quarter is scored, beside a hand-written SQL script and a pandas script that do the same."""
