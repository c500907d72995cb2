"""The closed words of a rulebook: what a file may say and what the program knows how to honour."""

# The words of settling and ranking, each written where it acts or left there to a reading:
# `mode: {reading: shortfall}` (semantics G7). Readings that change what is counted are named by measures and by derived
# columns (`model/measure.py`).
WORDS = {
    "mode": ("whole_steps", "pro_rata", "any_part"),
    "month": ("sum", "mean"),
    "per": ("sum", "mean", "pooled"),  # what a reading may say of months
    "unassessed": ("full", "zero", "stop"),
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
OF_THE_BOOK = {"unmeasured": ("full", "left_out", "reweighted", "zero")}  # the one reading that acts on every item

SETTLING = ("floor", "cap", "same_matter", "rounding", "reweight")  # rule ids that the ledger uses itself
LISTS = ("commend", "criticise", "remark", "together")
TESTS = ("equals", "at_most", "at_least", "more_than", "less_than", "in")
# What a verdict may look at, beside the book's own rates, measures, items and sections (THINGS).
STANDING_FACTS = (
    "place",
    "group_place",
    "from_bottom",
    "from_bottom_of_all",
    "size",
    "group_size",
    "total",
    "base",
    "bonus",
    "measured_marks",
    "case_rows",
)  # known of the quarter before as well, as previous_…
FACTS = (
    *STANDING_FACTS,
    *(f"previous_{name}" for name in STANDING_FACTS),
    "ranked",
    "level",
    "level_share",
    "full_marks",
    "share",
    "items_at_zero",
    "quality_items_at_zero",
    "total_hundredths",
    "base_hundredths",
    "bonus_hundredths",  # of older editions
)
THINGS = ("rate", "measure", "item", "section")

EVERY_RULE = ("rule", "clause", "item", "title", "says", "remedy", "examples")
# A rule is of the kind whose mark it carries; beside the mark: what else it must have, what it may have.
KINDS = {
    "occurrence": ("deduct", ("measure",), ("per", "counts")),
    "rate": ("target", ("part", "of", "short"), ("per",)),
    "assessed": ("assessed", (), ()),
    "award": ("award", ("measure",), ("once_per",)),
}
PER = {"occurrence": ("occurrence",), "rate": ("month", "period", "quarter")}  # quarter: period, in older books
CHANGEABLE = {"occurrence": ("deduct",), "rate": ("target", "each", "deduct"), "assessed": (), "award": ("award",)}
