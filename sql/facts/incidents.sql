-- Every verified incident of the quarter, the measure it counts for and the waiver that meets it.
-- Grain: incident. Reads: accepted.incidents, facts.excluded, facts.waivers.
create or replace table facts.incidents as
with counted as (
    select
        i.incident_id,
        i.unit_id,
        i.case_id,
        i.incident_type,
        i.occurred_at,
        strftime(i.occurred_at, '%Y-%m') as month,
        if(i.incident_type in ('refused_to_sign', 'not_handled'), 'refusal', 'attitude') as measure
    from accepted.incidents as i
    anti join facts.excluded using (case_id, unit_id)
    where i.verified and i.occurred_at >= $start and i.occurred_at < least($end, $cutoff)
)

select c.*, min(w.adjustment_id) as waived_by
from counted as c
left join facts.waivers as w
    on w.unit_id = c.unit_id
    and coalesce(w.rule_id, c.measure) = c.measure
    and coalesce(w.case_id, c.case_id, '') = coalesce(c.case_id, '')
    and coalesce(w.ref_id, c.incident_id) = c.incident_id
group by all;
