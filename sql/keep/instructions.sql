-- The instructions of the quarter as a finished run keeps them: ids and flags, no text.
-- Grain: instruction and unit. Reads: facts.instructions.
select instruction_id, unit_id, case_id, closed, implemented
from facts.instructions
order by all
