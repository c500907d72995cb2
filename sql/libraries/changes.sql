-- The applications made by the day: working days without a decision (M0.1), whether the applicant held the matter by then,
-- how many other units did (M2, M3), how much of it is described. Grain: change.
-- Reads: accepted.matter_changes, libraries.entries, .names, facts.working_days.
with applied as (
    select
        *,
        case
            when decision is null or coalesce(decided_on, requested_on) > $on then 'undecided'
            else decision
        end as standing
    from accepted.matter_changes
    where requested_on <= $on
),

judged as (
    select
        *,
        if(standing = 'undecided', $on, coalesce(decided_on, requested_on)) as looked_at_on
    from applied
),

holders as (
    select
        j.change_id,
        count(distinct e.unit_id) filter (e.unit_id = j.unit_id) as applicant_holds,
        count(distinct e.unit_id) filter (
            e.unit_id <> j.unit_id and (e.valid_to is null or e.valid_to >= j.looked_at_on)
        ) as others_hold
    from judged as j
    inner join libraries.entries as e
        on e.matter_id = j.matter_id and e.valid_from <= j.looked_at_on
    group by j.change_id
)

select
    j.unit_id,
    j.change_id as row,
    j.change,
    j.standing as decision,
    j.matter_id,
    coalesce(n.matter_name, j.matter_name) as matter_name,
    j.requested_on,
    if(j.standing = 'undecided', until.counted - since.counted, 0)::int as waiting,
    coalesce(h.applicant_holds, 0)::int as applicant_holds,
    coalesce(h.others_hold, 0)::int as others_hold,
    ((j.matter_name is not null)::int + (j.process is not null)::int)::int as contents
from judged as j
left join holders as h using (change_id)
left join libraries.names as n on n.matter_id = j.matter_id
left join facts.working_days as since on since.day = j.requested_on
left join facts.working_days as until on until.day = $on
