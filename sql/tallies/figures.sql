-- Counts that a city gives in place of rows. Grain: unit × period × measure. Reads: accepted.figures.
select unit_id, period, measure, n
from accepted.figures
order by unit_id, measure, period
