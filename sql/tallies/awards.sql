-- Approved awards of the quarter. Grain: award. Reads: accepted.awards.
select unit_id, award_id, award_type, matter, awarded_on
from accepted.awards
where approved and awarded_on >= $start::date and awarded_on < $end::date
order by unit_id, award_id
