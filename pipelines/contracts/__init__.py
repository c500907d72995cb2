"""Contracts: what the exports promise, as declared, as compiled and as checked a second time."""
