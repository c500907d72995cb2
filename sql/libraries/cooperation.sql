-- The incidents of a unit that did not work together with the others on a case (A3.3). Grain: incident.
-- Reads: accepted.incidents, .cases.
select
    i.unit_id,
    i.incident_id as row,
    i.case_id,
    i.occurred_at::date as occurred_on,
    i.verified::int as verified,
    count(distinct c.unit_id)::int as units
from accepted.incidents as i
left join accepted.cases as c on c.case_id = i.case_id
where i.incident_type = 'not_cooperating' and i.occurred_at >= $start and i.occurred_at::date <= $on
group by all
