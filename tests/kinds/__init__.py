"""The kinds of rules: both judges against a literal reader of the page, on books and counts that are drawn."""
