-- What is out of the ordinary about case rows, set aside. Grain: as facts.circumstances. Reads: facts.circumstances.
create or replace table facts.circumstances_known as from facts.circumstances;
