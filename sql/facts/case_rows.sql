-- Every case row of the quarter that no adjustment excludes, with its flags under every reading.
-- What happened at or after the cutoff has not happened. Months: 1 to 3 of the quarter, 0 outside it.
-- A view: what is counted is counted in one pass over the cases, and no row is kept that nobody asks for.
-- Grain: case row that belongs to the quarter by its deadline or by its dispatch.
-- Reads: accepted.cases, facts.circumstances, facts.quarter.
create or replace view facts.case_rows as
with moments as (
    select
        c.case_id,
        c.unit_id,
        c.role,
        c.dispatched_at,
        c.sign_due_at,
        c.public_rating,
        c.rated_at,
        greatest(c.reply_due_at, x.until_approved) as due_approved,
        greatest(c.reply_due_at, x.until_requested) as due_requested,
        if(c.signed_at < q.cutoff, c.signed_at, null) as signed_at,
        if(c.replied_at < q.cutoff, c.replied_at, null) as replied_at,
        if(c.closed_at < q.cutoff, c.closed_at, null) as closed_at,
        x.rating_reminder,
        x.rating_assignment,
        x.signing_waived_by,
        x.reply_waived_by,
        x.counted_in,
        q.*
    from accepted.cases as c
    cross join facts.quarter as q
    left join facts.circumstances as x using (case_id, unit_id)
    where
        x.excluded is not true
        and (
            c.dispatched_at >= q.first_moment and c.dispatched_at < q.end_moment
            or greatest(c.reply_due_at, x.until_approved) >= q.first_moment and c.reply_due_at < q.end_moment
        )
),

flagged as (
    select
        *,
        coalesce(signed_at > sign_due_at, sign_due_at < cutoff) as signed_late,
        coalesce(replied_at > due_approved, due_approved < cutoff) as replied_late_approved,
        coalesce(replied_at > due_requested, due_requested < cutoff) as replied_late_requested,
        public_rating is null or rated_at >= cutoff as not_rated,
        public_rating = 'dissatisfied' as dissatisfied,
        due_approved >= first_moment and due_approved < end_moment as due_inside_approved,
        due_requested >= first_moment and due_requested < end_moment as due_inside_requested,
        dispatched_at >= first_moment and dispatched_at < end_moment as dispatched_inside
    from moments
)

select
    case_id,
    unit_id,
    role,
    if(due_inside_approved, month(due_approved) - month(first_moment) + 1, 0)::utinyint as month_due_approved,
    if(due_inside_requested, month(due_requested) - month(first_moment) + 1, 0)::utinyint as month_due_requested,
    if(dispatched_inside, month(dispatched_at) - month(first_moment) + 1, 0)::utinyint as month_dispatched,
    case
        when signed_late is not true then 'on_time'
        when signing_waived_by is null then 'late'
        else 'waived'
    end as signing,
    case
        when replied_late_approved is not true then 'on_time'
        when reply_waived_by is null then 'late'
        else 'waived'
    end as reply_approved,
    case
        when replied_late_requested is not true then 'on_time'
        when reply_waived_by is null then 'late'
        else 'waived'
    end as reply_requested,
    closed_at is not null as closed,
    coalesce(closed_at <= due_approved, false) as closed_in_time_approved,
    coalesce(closed_at <= due_requested, false) as closed_in_time_requested,
    counted_in is not null as counted_before,
    case
        when not_rated then 'none'
        when not dissatisfied then public_rating
        else coalesce(rating_reminder, 'pending')
    end as rating_reminder,
    case
        when not_rated then 'none'
        when not dissatisfied then public_rating
        else coalesce(rating_assignment, 'pending')
    end as rating_assignment,
    sign_due_at,
    signed_at,
    due_approved,
    due_requested,
    replied_at,
    signing_waived_by,
    reply_waived_by,
    counted_in
from flagged;
