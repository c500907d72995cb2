-- The case rows that are left out because an earlier published quarter counted them. Grain: case row.
-- Reads: facts.case_rows.
select unit_id, case_id, counted_in
from facts.case_rows
where
    $counted_before = 'left_out'
    and counted_before
    and case
        when $attribution = 'dispatched' then month_dispatched
        when $extension = 'approved' then month_due_approved
        else month_due_requested
    end > 0
order by unit_id, case_id
