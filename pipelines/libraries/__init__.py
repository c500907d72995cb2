"""The matter library (M) and the knowledge base (K): their history, what is found in them, and their report."""
