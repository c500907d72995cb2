-- The actions of an inbox file that keep the contract. Grain: action. Reads: accepted.evaluator_actions.
select
    action_id,
    evaluator_id,
    action,
    acted_at,
    assignment_id,
    rating,
    reason,
    away_from,
    away_until
from accepted.evaluator_actions
order by acted_at, action_id;
