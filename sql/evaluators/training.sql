-- What evaluators were taught and given, the newest first (E6). Grain: occasion. Reads: accepted.guidance.
select
    kind,
    given_on,
    topic
from accepted.guidance
where kind in ('training', 'papers')
order by given_on desc, guidance_id;
