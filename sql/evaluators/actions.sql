-- The actions of an inbox file that keep the contract, with the line on which each is written first. Grain: action.
-- Reads: accepted.evaluator_actions, raw.evaluator_actions.
with written as (
    select
        folded(action_id) as action_id,
        min(_line) as line
    from raw.evaluator_actions
    group by folded(action_id)
)

select
    action_id,
    evaluator_id,
    action,
    acted_at,
    assignment_id,
    rating,
    reason,
    away_from,
    away_until,
    request_reasonable,
    procedure_followed,
    duty_done,
    line
from accepted.evaluator_actions
inner join written using (action_id)
order by acted_at, action_id;
