-- The units whose superiors outside the city have ever been told, and the letters about the period before (A0.1).
-- Grain: unit. Reads: accepted.commendations.
select
    unit_id,
    unit_id as row,
    max_by(addressed_to, dated) as superior,
    $before as period,
    (count(*) filter (where period = $before))::int as letters
from accepted.commendations
where kind = 'letter' and dated <= $on
group by unit_id
