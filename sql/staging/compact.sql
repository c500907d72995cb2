-- Writes the rows that were stored since the last time compressed, in memory too. Grain: none. Reads: every table.
checkpoint;
