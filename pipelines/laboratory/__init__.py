"""The laboratory: what if, and how sure; it reads finished runs and writes to none of them."""
