-- How many rows gave a unit by its name. Grain: one row. Reads: staged.named.
select count(*)
from staged.named
