"""Reading exports: every damage a file can have, and where each row ends up."""
