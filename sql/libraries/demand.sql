-- What citizens asked for most in the quarter, by matter, or by channel where a case is of no matter, and how many published
-- entries of the unit have it in their title (K0.1). Leading units only. Grain: unit × topic.
-- Reads: libraries.cases, .names, accepted.knowledge.
with asked as (
    select
        c.unit_id,
        if(c.matter_id is null, 'channel', 'matter') as about,
        coalesce(c.matter_id, c.channel) as row,
        coalesce(any_value(n.matter_name), any_value(c.matter_id), any_value(c.channel)) as topic,
        count(*)::int as cases
    from libraries.cases as c
    left join libraries.names as n using (matter_id)
    where c.role = 'lead' and coalesce(c.matter_id, c.channel) is not null
    group by c.unit_id, about, row
),

placed as (
    select
        *,
        rank() over (order by cases desc)::int as place,
        lower(regexp_replace(topic, '\s', '', 'g')) as wanted
    from asked
),

published as (
    select
        unit_id,
        lower(regexp_replace(title, '\s', '', 'g')) as title
    from accepted.knowledge
    where status = 'published'
)

select
    p.unit_id,
    p.about,
    p.row,
    p.topic,
    p.cases,
    p.place,
    count(e.title)::int as entries
from placed as p
left join published as e on e.unit_id = p.unit_id and contains(e.title, p.wanted)
group by all
