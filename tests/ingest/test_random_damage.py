"""Whatever happens to some rows of a CSV, every row is accounted for and the others are all there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.csv import Lines, open_csv, read_block, read_records
from pipelines.model.intake import Known, Layout
from tests.ingest.reading import HEADER

# Values begin and end with a letter: a row cut off right behind a quote is a sound CSV with the next one.
PLAIN = st.text("abc甲乙, \"", max_size=4).map(lambda text: f"x{text}x" if text else "")
DAMAGE = st.sampled_from(['"', "\0", "\r", ",", "\udcff"])  # the last is the byte 0xFF


def line_of(values):
    """A row as RFC 4180 writes it."""
    doubled = [value.replace('"', '""') for value in values]
    return ",".join(f'"{value}"' if set(value) & set(',"\n') else value for value in doubled)


def damaged(line, damage, at):
    """The line with something put somewhere behind its first letter."""
    place = at % (len(line) - 1) + 1
    return line[:place] + damage + line[place:]


@settings(max_examples=200)
@given(
    rows=st.lists(st.tuples(PLAIN, PLAIN, PLAIN, PLAIN), min_size=1, max_size=12),
    damages=st.dictionaries(st.integers(0, 11), st.tuples(DAMAGE, st.integers(0, 200)), max_size=4),
    cut=st.integers(0, 40),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_row_is_accounted_for_and_sound_rows_are_all_there(tmp_path_factory, rows, damages, cut, end):
    rows = [(f"R{n}", *values) for n, values in enumerate(rows)]
    lines = [line_of(values) for values in rows]
    sound = {values for n, values in enumerate(rows) if n not in damages}
    for n in damages.keys() & range(len(lines)):
        lines[n] = damaged(lines[n], *damages[n])
    last = line_of(("LAST", "x, x", "", "", ""))[:cut]  # a file may end anywhere
    content = end.join([HEADER, *lines, last]).encode("utf-8", "surrogateescape")
    file = tmp_path_factory.getbasetemp() / "damaged.csv"
    file.write_bytes(content)
    batches = list(open_csv(file, Layout(), Known(frozenset())).batches())
    kept = {tuple(cell or "" for cell in cells) for batch in batches for _, *cells in _rows(batch)}
    assert sound <= kept
    places = [line for batch in batches for line in (*batch.lines, *(fault.line for fault in batch.faults))]
    assert len(places) == len(set(places)) == sum(batch.records for batch in batches)
    assert len(places) >= len(lines) + bool(last.strip())


@settings(max_examples=300)
@given(text=st.text('ab,"\n\r\0 甲', max_size=60), width=st.integers(1, 4))
def test_the_fast_way_and_the_slow_way_read_alike(text, width):
    content = text.encode()
    if not content:
        return
    batches, waiting = read_block(content, 1, {}, width, ",", True)
    assert waiting is None
    fast = sorted((int(line), [cell or "" for cell in cells]) for batch in batches for line, *cells in _rows(batch))
    texts = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    bad = {i: ("nul_byte", "0x00") for i, line in enumerate(texts) if "\0" in line}
    slow = read_records(Lines(texts, 1, bad, width, ",", True), range(len(texts)))
    assert fast == sorted(zip(slow.lines, slow.rows, strict=True))
    assert [fault for batch in batches for fault in batch.faults] == slow.faults


def _rows(batch):
    columns = [column.to_pylist() if hasattr(column, "to_pylist") else column for column in batch.columns]
    return zip(batch.lines, *columns, strict=True) if len(batch.lines) else ()
