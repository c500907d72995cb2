-- Decisions whose reason, which the unit's public page prints, names an evaluator or gives an evaluator's number (E5.5).
-- Grain: adjustment. Reads: accepted.adjustments, .evaluators.
select distinct a.adjustment_id
from accepted.adjustments as a
inner join accepted.evaluators as v
    on
        length(v.name) >= 2
        and contains(regexp_replace(nfc_normalize(a.reason), '\s', '', 'g'), regexp_replace(v.name, '\s', '', 'g'))
        or length(v.evaluator_id) >= 4 and contains(a.reason, v.evaluator_id)
order by a.adjustment_id
