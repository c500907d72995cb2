"""Tests of the matter library and the knowledge base."""
