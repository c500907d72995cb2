-- The case rows that were dispatched in the quarter, up to the day, and that no adjustment excludes; whether the unit had
-- an entry for the matter on the day of dispatch. Grain: case row. Reads: accepted.cases, .adjustments, libraries.entries.
create or replace table libraries.cases as
with dispatched as (
    select
        c.case_id,
        c.unit_id,
        c.role,
        c.matter_id,
        c.channel,
        c.dispatched_at::date as dispatched_on
    from accepted.cases as c
    anti join accepted.adjustments as a
        on a.action = 'exclude_case' and a.case_id = c.case_id and a.unit_id = c.unit_id
    where c.dispatched_at >= $start and c.dispatched_at < $end and c.dispatched_at::date <= $on
),

held as (
    select distinct d.unit_id, d.matter_id, d.dispatched_on
    from (select distinct unit_id, matter_id, dispatched_on from dispatched) as d
    inner join libraries.entries as e
        on
            e.unit_id = d.unit_id
            and e.matter_id = d.matter_id
            and e.valid_from <= d.dispatched_on
            and (e.valid_to is null or e.valid_to >= d.dispatched_on)
)

select
    d.*,
    h.unit_id is not null as held
from dispatched as d
left join held as h using (unit_id, matter_id, dispatched_on);
