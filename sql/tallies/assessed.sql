-- Qualitative scores. Grain: unit × item. Reads: accepted.assessments.
select unit_id, item_id, score
from accepted.assessments
order by unit_id, item_id
