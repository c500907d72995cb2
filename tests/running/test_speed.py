"""The section of the benchmarks on a running period: measured alone, it takes its own place in the document."""

import pytest

from benchmarks.report import DOCUMENT, RUNNING, with_section
from benchmarks.running import TIMES_RUN, Running

RUN = {"ingest": 4.0, "validate": 2.0, "measure": 3.0, "judge": 1.0, "settle": 0.5, "rank": 0.5, "whole": 11.0}
WATCH = {"ingest": 4.0, "validate": 2.0, "measure": 2.0, "find": 3.0, "look": 1.5, "whole": 12.5,
         "likely": 1.0, "lists": 9.0, "pages": 2.0, "units": 300, "steps": 9}


def test_a_watch_is_held_against_a_run_from_the_exports_and_from_the_accepted_rows():
    whole, accepted, pages = Running(3_000_000, RUN, WATCH).limits()
    assert whole[1:] == (12.5 / 11, TIMES_RUN) and accepted[1:] == (6.5 / 5, TIMES_RUN)
    assert pages[1:] == (2.0, 5) and "300 units" in pages[0]


def test_a_section_measured_again_takes_the_place_of_the_one_before():
    text = DOCUMENT.read_text(encoding="utf-8")
    once = with_section(text, [("a", 1, 2), ("b", 3, 2)], RUNNING, "| once |")
    again = with_section(once, [("a", 1, 2), ("b", 1, 2)], RUNNING, "| again |")
    assert "| b | 3 | 2 | **over** |" in once and once.count("## A running period") == 1
    assert again == once.replace("| b | 3 | 2 | **over** |", "| b | 1 | 2 | within |").replace("| once |", "| again |")
    title = "## A running period"
    assert once.partition(title)[2].partition("## A whole run")[2] == text.partition("## A whole run")[2]
    with pytest.raises(ValueError, match="no place for ## A running period"):
        with_section("# Nothing", [], RUNNING, "")
