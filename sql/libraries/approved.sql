-- The approved changes with the day on which they take effect; one without a day of decision, on that of the application.
-- Grain: change. Reads: accepted.matter_changes.
select
    change_id,
    matter_id,
    unit_id,
    change,
    matter_name,
    process,
    coalesce(decided_on, requested_on) as effective_on
from accepted.matter_changes
where decision = 'approved'
order by effective_on, change_id
