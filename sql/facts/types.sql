-- Words for flags, stored as small numbers: the vocabulary of facts and of the tally cube.
create type role as enum ('lead', 'assist');
create type occurrence as enum ('on_time', 'late', 'waived');
create type final_rating as enum ('none', 'satisfied', 'basically_satisfied', 'dissatisfied', 'pending');
