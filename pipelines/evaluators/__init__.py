"""The evaluators' work (E1 to E7): cases out to people who stay unknown, ratings back, everything in a log."""
