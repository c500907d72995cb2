-- How many entries of the knowledge base are published. Grain: one row. Reads: accepted.knowledge.
select count(*) as published
from accepted.knowledge
where status = 'published'
