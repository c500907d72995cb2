"""A period that still runs: what is lost, what falls due, what it would cost; nothing here is an assessment."""
