"""The two judges: durable_rules as the engine of record, and a second one over the tally cube."""
