-- How many rows of each counted table fall into the period. Grain: counted table. Reads: tallies.cube.
select counts, sum(n)::bigint from tallies.cube group by counts
