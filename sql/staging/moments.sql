-- The columns of one table that are held as moments. Grain: column. Reads: the catalogue.
select name
from pragma_table_info($table)
where type = 'TIMESTAMP'
order by cid
