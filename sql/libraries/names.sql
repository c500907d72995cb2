-- The newest name of every matter. Grain: matter. Reads: libraries.entries.
create or replace table libraries.names as
select
    matter_id,
    arg_max(matter_name, (valid_from, unit_id, matter_name)) as matter_name
from libraries.entries
group by matter_id;
