"""The running period, watched."""
