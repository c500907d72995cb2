-- The units that the public praised in the period, and how many of their staff were commended in it (A0.1). Grain: unit.
-- Reads: accepted.awards, .commendations.
with commended as (
    select
        unit_id,
        count(*)::int as staff
    from accepted.commendations
    where kind = 'staff' and dated >= $start and dated <= $on
    group by unit_id
)

select
    a.unit_id,
    a.unit_id as row,
    count(*)::int as praises,
    coalesce(max(c.staff), 0)::int as staff
from accepted.awards as a
left join commended as c using (unit_id)
where a.award_type = 'public_praise' and a.approved and a.awarded_on >= $start and a.awarded_on <= $on
group by a.unit_id
