-- The tally as a finished run keeps it. Grain: counted table × unit × months × marks. Reads: tallies.cube.
select * from tallies.cube order by all
