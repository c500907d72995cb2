-- The case rows that the public rated dissatisfied, with what they are about. Grain: case row.
-- Reads: accepted.cases, .matters.
select
    c.case_id,
    c.unit_id,
    c.rated_at,
    list_distinct(list_concat(
        coalesce(m.names, []),
        list_filter([c.matter_id, c.channel], lambda topic : topic is not null)
    )) as topics
from accepted.cases as c
left join (
    select matter_id, list(distinct matter_name) as names
    from accepted.matters
    group by matter_id
) as m using (matter_id)
where c.public_rating = 'dissatisfied'
order by c.rated_at nulls first, c.case_id, c.unit_id;
