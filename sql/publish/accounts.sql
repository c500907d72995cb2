-- What became of every unit's case rows: scored, of another period, excluded, quarantined, counted before. Grain: unit.
-- Rows of an unknown unit stand under ''. What the mapping leaves out never became a row and is added by the caller.
-- Reads: accepted.units, accepted.cases, facts.excluded, facts.counted, staged."cases rejected".
with inside as (
    select
        unit_id,
        sum(case_rows) filter (where not again) as scored,
        sum(case_rows) filter (where not again and not closed) as pending,
        sum(case_rows) filter (where again) as counted_before
    from (
        select
            unit_id,
            closed,
            case_rows,
            $counted_before = 'left_out' and counted_before as again,
            case
                when $attribution = 'dispatched' then month_dispatched
                when $extension = 'approved' then month_due_approved
                else month_due_requested
            end as month
        from facts.counted
    )
    where month > 0
    group by unit_id
),

accepted as (
    select
        c.unit_id,
        count(*) as accepted,
        count(e.case_id) as excluded
    from accepted.cases as c
    left join facts.excluded as e using (case_id, unit_id)
    group by c.unit_id
),

rejected as (
    select
        coalesce(u.unit_id, '') as unit_id,
        count(*) as quarantined
    from staged."cases rejected" as r
    left join accepted.units as u using (unit_id)
    group by all
),

units as (
    select unit_id from accepted.units
    union all
    select ''
)

select
    unit_id,
    coalesce(scored, 0)::bigint as scored,
    coalesce(pending, 0)::bigint as pending,
    (coalesce(accepted, 0) - coalesce(excluded, 0) - coalesce(scored, 0) - coalesce(counted_before, 0))::bigint
        as other_period,
    coalesce(excluded, 0)::bigint as excluded,
    coalesce(quarantined, 0)::bigint as quarantined,
    coalesce(counted_before, 0)::bigint as counted_before
from units
left join inside using (unit_id)
left join accepted using (unit_id)
left join rejected using (unit_id)
order by unit_id
