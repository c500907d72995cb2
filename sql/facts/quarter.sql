-- What the quarter spans, and the moment from which on nothing has happened. Grain: the quarter, one row.
create or replace table facts.quarter as
select $start::timestamp as first_moment, $end::timestamp as end_moment, $cutoff::timestamp as cutoff;
