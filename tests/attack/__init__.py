"""What an attack on the product turned up, each finding a test."""
