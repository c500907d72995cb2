-- Whether every case row is judged a second time. Grain: one row. Reads: accepted.cases, facts.sampled.
select (select count(*) from accepted.cases) = (select count(*) from facts.sampled)
