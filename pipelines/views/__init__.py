"""A scored period → the plain dicts that pages and files show; pure, and given their sentences as ``say``."""
