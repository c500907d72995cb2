-- The schemas of a run's warehouse, in the order in which data passes through them.
create schema if not exists raw;
create schema if not exists staged;
create schema if not exists accepted;
create schema if not exists facts;
create schema if not exists tallies;
create schema if not exists ledger;
create schema if not exists libraries;
