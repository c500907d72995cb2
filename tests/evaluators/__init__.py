"""Tests of the evaluators' work (E0 to E7)."""
