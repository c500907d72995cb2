"""The closed words of a rulebook: what a file may say and what the program knows how to honour."""

# The readings that settling and ranking honour, with all values that they honour (readings.md). Those that change what
# is counted are honoured by the measures that name them and by the columns that are derived (`model/measure.py`).
READINGS = {
    "shortfall": ("whole_steps", "pro_rata", "any_part"),
    "months": ("sum", "mean", "pooled"),
    "same_matter": ("highest", "first"),
    "same_matter_scope": ("all_awards", "same_type"),
    "bonus_cap": ("none",),
    "missing_assessment": ("full", "zero", "stop"),
    "rank_on": ("total", "base"),
    "unmeasured": ("full", "left_out", "reweighted", "zero"),
    "counted_before": ("left_out", "again"),
}
OPEN_NUMBER = ("bonus_cap",)  # readings that any number >= 0 with at most two decimals answers too

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
    "rate": ("target", ("part", "of", "per", "short"), ()),
    "assessed": ("assessed", (), ()),
    "award": ("award", ("measure",), ("once_per",)),
}
PER = {"occurrence": ("occurrence",), "rate": ("month", "quarter")}
CHANGEABLE = {"occurrence": ("deduct",), "rate": ("target", "each", "deduct"), "assessed": (), "award": ("award",)}
