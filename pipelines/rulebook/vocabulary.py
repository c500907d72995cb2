"""The closed words of a rulebook: what a file may say and what the program knows how to honour."""

# The words of settling and ranking, each written where it acts or left there to a reading:
# `mode: {reading: shortfall}` (semantics G7). Readings that change what is counted are named by measures and by derived
# columns (`model/measure.py`).
WORDS = {
    "mode": ("whole_steps", "pro_rata", "any_part"),
    "month": ("sum", "mean"),
    "per": ("sum", "mean", "pooled"),  # what a reading may say of months
    "unassessed": ("full", "zero", "stop"),
    "unmeasured": ("full", "left_out", "reweighted", "zero"),
    "same_matter": ("highest", "first"),
    "scope": ("all_awards", "same_type"),
    "cap": ("none",),
    "rank_on": ("total", "base"),
}
NUMBERS = ("cap",)  # words that any number >= 0 with at most two decimals may stand for
# Which reading decides where a book that has it says nothing: books from before these words (semantics B6).
UNSAID = {
    "mode": "shortfall",
    "per": "months",
    "unassessed": "missing_assessment",
    "same_matter": "same_matter",
    "scope": "same_matter_scope",
    "cap": "bonus_cap",
    "rank_on": "rank_on",
}
OF_THE_BOOK = {"unmeasured": WORDS["unmeasured"]}  # the one reading that acts on every item

# Rule ids that the ledger uses itself.
SETTLING = ("floor", "ceiling", "starts", "cap", "same_matter", "rounding", "reweight", "only_when", "veto", "compose")
LISTS = ("commend", "criticise", "remark", "together")
TESTS = ("equals", "at_most", "at_least", "more_than", "less_than", "in")
# Facts of verdicts in books of format 1: points in hundredths are points, the bound a hundredth of what is written.
HUNDREDTHS = {f"{name}_hundredths": name for name in ("total", "base", "bonus")}

VETOES = {"total": ("0",), "rank": ("false",), "grade": ()}  # what a veto may say of each
VETOING = ("occurrence", "rate")  # kinds of rules that may carry one

EVERY_RULE = ("rule", "clause", "item", "title", "says", "remedy", "examples")
OF_ANY_RULE = ("in_force", "order", "groups", "veto", "times")  # what any of them may have besides
# A rule is of the kind whose mark it carries; beside the mark: what else it must have, what it may have.
RATE = ("per", "round_rate", "needs")
KINDS = {
    "occurrence": ("deduct", ("measure",), ("per", "counts", "beyond", "at_most", "once_per", "with")),
    "density": ("deduct", ("measure",), ("per", "needs", "at_most")),  # `per: {each: 100, of: due}`
    "rate": ("short", ("part", "of", "target"), (*RATE, "over", "at_most")),
    "worth": ("worth", ("part", "of"), (*RATE, "at_most")),
    "bands": ("bands", (), ("part", "of", "measure", *RATE, "at_most")),
    "by_place": ("by_place", (), ("at_most",)),
    "change": ("change", (), ("at_most",)),
    "assessed": ("assessed", (), ("scale",)),
    "award": ("award", ("measure",), ("once_per", "tiers", "at_most")),
    "merit": ("award", ("measure",), ("per", "tiers", "at_most")),  # of a measure instead of a type of award
}
MARKS = tuple(dict.fromkeys(mark for mark, _, _ in KINDS.values()))


def of_mark(mark: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that every rule with this mark needs, and those that one with it may have."""
    kinds = [(needed, optional) for one, needed, optional in KINDS.values() if one == mark]
    always = [key for key in kinds[0][0] if all(key in needed for needed, _ in kinds)]
    others = dict.fromkeys(key for needed, optional in kinds for key in (*needed, *optional))
    return (*EVERY_RULE, *always), (*EVERY_RULE, mark, *others, *OF_ANY_RULE)


PER = ("month", "period", "quarter")  # quarter: in older books, of a period
OLDER_PER = ("quarter", "occurrence")
PER_BEYOND = ("month", "period", "occurrence")  # in which so many are free; occurrence: in older books, without effect
AGAINST = ("previous", "year_before")  # the period before, the same period a year earlier
AMONG = ("group", "all")
LONGER = ("quarter", "half_year", "year")  # that may be made of shorter periods
FORMATS = ("1", "2")  # 1: quarters, eleven measures, seven awards (semantics B7)
ROUND = ("deduction", "score")
STARTS = ("full", "zero")
ALL_BY = ("share",)
BETTER = ("more", "fewer")
ONCE_PER = ("matter",)  # of awards
ONCE_PER_ROW = ("row",)  # of deductions
TYPES = ("boolean", "integer", "decimal", "date", "timestamp", "text", "enum")  # of a city's own columns
PLACES = 4  # decimals of a rate at most
DECIMALS = 4  # of base, bonus and total at most
BANDS = ("at_least", "more_than", "at_most", "less_than")  # the comparisons of bands: falling, falling, rising, rising
