-- What the office decided after objections, by what it bears on.
-- Reads: accepted.adjustments. Grain: case row; waivers of incidents: waiver.
create or replace table facts.excluded as
select distinct case_id, unit_id
from accepted.adjustments
where action = 'exclude_case';

create or replace table facts.voided as
select distinct case_id, unit_id
from accepted.adjustments
where action = 'void_evaluation';

create or replace table facts.waivers as
select adjustment_id, unit_id, rule_id, case_id, ref_id
from accepted.adjustments
where action = 'waive_deduction';

-- A waiver that names an incident (ref_id) can only meet that incident's line.
create or replace table facts.waived_cases as
select
    case_id,
    unit_id,
    min(adjustment_id) filter (coalesce(rule_id, 'late_signing') = 'late_signing') as signing_waived_by,
    min(adjustment_id) filter (coalesce(rule_id, 'late_reply') = 'late_reply') as reply_waived_by
from facts.waivers
where case_id is not null and ref_id is null
group by case_id, unit_id;
