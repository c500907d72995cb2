-- The entries of the knowledge base with their age on the day (K0.2). Grain: entry. Reads: accepted.knowledge.
select
    unit_id,
    entry_id as row,
    kind,
    status,
    title as entry_title,
    expires_on,
    updated_on,
    (signed_off_by is not null)::int as signed,
    coalesce(greatest(date_diff('day', expires_on, $on::date), 0), 0)::int as days_past_expiry,
    greatest(date_diff('day', updated_on, $on::date), 0)::int as days_untouched
from accepted.knowledge
