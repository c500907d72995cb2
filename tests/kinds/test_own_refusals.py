"""Own columns, sums, different values and prices that could mislead do not load: one broken place each."""

from shutil import copytree

import pytest

from pipelines.paths import ROOT
from tests.rules.book import TODAY, refused
from tests.toy.reef import reef_book

BOOK, OFFENCE, SENT = "rulebook.yaml", "H2.3/offence.yaml", "measures/sendings.yaml"
BROKEN = {
    "a column of a table that there is not": (BOOK, "  incidents:\n    stage", "  incident:\n    stage",
                                              "nearest known name is incidents"),
    "a type that there is not": (BOOK, "type: integer", "type: number", "number is not known"),
    "a word that nothing reads": (BOOK, "type: text}", "type: text, typ: text}", "unknown field typ"),
    "a header of the contract": (BOOK, "{zh: 来电人", "{zh: 受理渠道", "a header of the column channel"),
    "a name of the contract": (BOOK, "caller: {zh", "channel: {zh", "a header of the column channel"),
    "one header twice": (BOOK, "zh: 来电人", "zh: 等待天数", "a header of the column waited"),
    "the name of a derived column": (BOOK, "caller: {zh", "due_at: {zh", "cannot name a column"),
    "no values": (BOOK, ", values: {found: 发现, ignored: 未整改, again: 再犯}", "", "needs values"),
    "values of a text": (BOOK, "type: text}", "type: text, values: {a: 甲}}", "no other type has them"),
    "one word for two values": (BOOK, "again: 再犯", "again: 发现", "cannot be used"),
    "a deadline that is no moment": (BOOK, "type: text}", "type: text, deadline: true}", "for type: timestamp"),
    "a sum of words": (SENT, "sum: sent_back", "sum: caller", "of type text, and only integer and decimal"),
    "a sum of a column that there is not": (SENT, "sum: sent_back", "sum: sendback", "nearest known name is sent_back"),
    "a sum and different values": (SENT, "sum: sent_back", "sum: sent_back\ndistinct: caller", "exclude each other"),
    "different values of no column": ("measures/callers.yaml", "distinct: caller", "distinct: callers",
                                      "nearest known name is caller"),
    "an example of another sum": (SENT, "back: 3}, counts: 3", "back: 3}, counts: 1", "counts 3"),
    "an example that is no whole number": (SENT, "{sent_back: 3}", "{sent_back: 2.5}", "no value of the column"),
    "a column compared with one of another type": (
        "measures/regulars.yaml", "{at_least: 1}", "{at_least: reply_due_at}", "different types"),
    "a part that counts other things": ("measures/regulars.yaml", "distinct: caller\n", "",
                                        "count unlike things"),
    "a price by a column without codes": (OFFENCE, "by: stage", "by: case_id", "has codes, and case_id is none"),
    "a value without a price": (OFFENCE, "ignored: 1, again: 2}\n", "again: 2}\n", "ignored of stage has no price"),
    "a price of no value": (OFFENCE, "again: 2}\n", "again: 2, once: 1}\n", "unknown field once"),
    "an example without values": (OFFENCE, "{offences: {found: 1}}", "{offences: 1}", "counts by value"),
    "a price without an example": (OFFENCE, "  - {name: ignored, given: {offences: {ignored: 1}}, points: -0.5}\n", "",
                                   "one or more of ignored"),
    "some free of several prices": (OFFENCE, "times: 0.5", "beyond: 1", "beyond does not go with"),
    "once a row with nothing": (OFFENCE, "with: [manners]\n", "", "with is missing"),
    "once a row with a rate": (OFFENCE, "with: [manners]", "with: [regulars]", "is no other rule that deducts"),
    "once a row with another item": (OFFENCE, "with: [manners]", "with: [tardy]", "must be of one item"),
    "once a row with a rule of other days": (
        OFFENCE, "with: [manners]", "with: [manners]\nin_force: {from: 2026-01-01}", "are in force on other days"),
    "once a row with a rule of another table": (
        "H2.3/manners.yaml", "measure: rudeness", "measure: tardy", "do not count the same rows"),
    "seventeen columns of a table": (
        BOOK, "    caller:", "".join(f"    own_{n}: {{zh: 自有{n}, type: text}}\n" for n in range(14)) + "    caller:",
        "17 columns are declared of this table; at most 16"),
    "half of a hundredth": (OFFENCE, "times: 0.5", "times: 0.25", "no whole hundredths"),
    "none at all": (OFFENCE, "times: 0.5", "times: 0", "from 0.01 to 100"),
    "times of what people gave": ("H1.1/light.yaml", "assessed: H1.1", "assessed: H1.1\ntimes: 2",
                                  "times is not for assessed"),
    "tiers of decimals": ("H3/lantern.yaml", "measure: lantern", "measure: waiting", "is a sum with decimals"),
    "two measures that read each other": ("measures/callers.yaml", "counts: case_rows",
                                          "counts: case_rows\namong: regulars", "leads back to this one"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_book_does_not_load_with(case, tmp_path):
    message = refused(reef_book(tmp_path, BROKEN[case][:3]), TODAY)
    assert BROKEN[case][3] in message and message.split(", line ")[0].endswith(".yaml")



@pytest.mark.parametrize(("worth", "given"), [("5", "35.00"), ("0.01", "30.01")])
def test_rates_that_do_not_make_their_item_are_refused(worth, given, tmp_path):
    """Three rates by weights, and a fourth in the item of the first: `worth: full` is its 30 marks."""
    book = copytree(ROOT / "examples" / "three_rates" / "rulebook", tmp_path / "book")
    text = (book / "R1" / "response.yaml").read_text(encoding="utf-8").split("examples:")[0]
    head = text.replace("rule: response", "rule: second").replace("worth: full", f"worth: {worth}")
    examples = [f"  - {{name: all, given: {{due: 4, answered_in_time: 4}}, points: {worth}}}",
                "  - {name: none, given: {due: 4, answered_in_time: 0}, points: 0}"]
    (book / "R1" / "second.yaml").write_text("\n".join((head + "examples:", *examples)) + "\n", encoding="utf-8")
    assert f"R1 are worth {given} together, and it has 30.00 marks" in refused(book, TODAY)
