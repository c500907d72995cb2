-- The cube under the readings in force. Grain: unit × month of the quarter. Reads: tallies.cube.
with chosen as (
    select
        unit_id,
        if($extension = 'approved', month_due_approved, month_due_requested) as month_due,
        if($attribution = 'dispatched', month_dispatched, month_due) as month,
        signing,
        if($extension = 'approved', reply_approved, reply_requested) as reply,
        if($extension = 'approved', closed_in_time_approved, closed_in_time_requested) as closed_in_time,
        if($completed = 'by_deadline', closed_in_time, closed) as completed,
        if($evaluation_clock = 'reminder', rating_reminder, rating_assignment) as rating,
        role = 'lead' or $joint_cases = 'all' as in_rates,
        case_rows
    from tallies.cube
    where $counted_before = 'again' or not counted_before
),

judged as (
    select
        *,
        case rating
            when 'none' then $unrated = 'satisfied'
            when 'pending' then $pending_evaluation = 'dissatisfied'
            else true
        end as rated,
        case rating
            when 'none' then $unrated = 'satisfied'
            when 'satisfied' then true
            when 'basically_satisfied' then $satisfied = 'with_basic'
            else false
        end as satisfied
    from chosen
    where month <> ''
)

select
    unit_id,
    month,
    sum(case_rows)::bigint as case_rows,
    coalesce(sum(case_rows) filter (signing = 'late'), 0)::bigint as late_signing,
    coalesce(sum(case_rows) filter (signing = 'waived'), 0)::bigint as late_signing_waived,
    coalesce(sum(case_rows) filter (reply = 'late'), 0)::bigint as late_reply,
    coalesce(sum(case_rows) filter (reply = 'waived'), 0)::bigint as late_reply_waived,
    coalesce(sum(case_rows) filter (in_rates), 0)::bigint as due,
    coalesce(sum(case_rows) filter (in_rates and completed), 0)::bigint as completed,
    coalesce(sum(case_rows) filter (in_rates and rated), 0)::bigint as rated,
    coalesce(sum(case_rows) filter (in_rates and satisfied), 0)::bigint as satisfied
from judged
group by unit_id, month
order by unit_id, month
