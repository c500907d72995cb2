-- The tally cube as a finished run keeps it. Grain: unit × months × flags. Reads: tallies.cube.
select * from tallies.cube order by all
