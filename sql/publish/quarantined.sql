-- Case rows of known units that are kept out: unit, file, line, case, and whether the row could not be read as it is.
-- Grain: raw row. Reads: staged."cases rejected", raw.cases, raw."cases aside", accepted.units.
select u.unit_id, r._file, r._line, coalesce(j.case_id, '') as case_id, false as unread
from staged."cases rejected" as j
inner join raw.cases as r on j._row = r.rowid
inner join accepted.units as u on j.unit_id = u.unit_id
union all
select u.unit_id, a._file, a._line, coalesce(folded(a.case_id), '') as case_id, true as unread
from raw."cases aside" as a
inner join accepted.units as u on folded(a.unit_id) = u.unit_id
order by 1, 4, 2, 3
