"""What units are told by their own channels: once, never in quiet hours, with the deadline and what changed since."""

from datetime import datetime, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from pipelines.cli import main
from pipelines.edges import process
from pipelines.model.period import Periods
from pipelines.model.project import Project
from pipelines.model.words import UsageRefusal, Words
from pipelines.publication import desk as publishing
from pipelines.publication.alerts import Channels, load_channels, look, tell_units
from pipelines.publication.letters import Sent, again
from tests.publication.office import (
    HEADS,
    LATER,
    LIN,
    SENT,
    WU,
    act,
    approved_run,
    finished_run,
    published,
    signers_of,
)

JULY = datetime(2026, 7, 6, 10)
PAGES = "https://12345.example/gongping"


class Post:
    """The letters that went out, and a look at a moment that sends what is due."""

    def __init__(self, out, works=True):
        self.out, self.works, self.got = out, works, []
        self.channels = Channels(units={"U1": ("json://x",)}, pages=PAGES, quiet=(time(22), time(7, 30)))

    def deliver(self, urls, title, text):
        self.got.append(text)
        return self.works

    def look(self, at=JULY):
        """What was sent now; and the kinds of what operators are told."""
        before = len(self.got)
        seen = look(self.out, Periods(), at, self.channels, signers_of(self.out))
        tell_units(self.out, seen.letters, self.channels, at, self.deliver)
        self.alerts = [one.kind for one in seen.found]
        return self.got[before:]


@pytest.fixture
def post(tmp_path):
    """A preview that went out on Monday the sixth, objections until the thirteenth."""
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    return Post(tmp_path)


def test_a_unit_gets_its_figures_the_deadline_and_the_place_of_its_page_once(post):
    (letter,) = post.look()
    assert letter == (
        "甲局：2026Q2 考核预览第 1 稿。总分 99.00，第 1 名。有异议请在 2026-07-13（含当日）前提出。"
        f"评分卡：{PAGES}/preview/2026Q2/1/units/U1.html"
    )
    assert (post.out / "preview/2026Q2/1/units/U1.html").is_file()
    assert post.look() == []


@pytest.mark.parametrize("hour", [9, 22])
def test_a_new_revision_tells_what_changed_since_the_unit_heard_last(post, hour):
    """Two revisions between two looks are one letter, and nothing is said of the one that nobody was told of."""
    post.look()
    for points in ("-3.00", "-1.50"):
        finished_run(post.out, points)
        act(post.out, publishing.note_preview, at=datetime(2026, 7, 7, 8))
    found = post.look(datetime(2026, 7, 7, hour))
    if hour == 22:
        assert found == []
        found = post.look(datetime(2026, 7, 8, 7, 30))
    (letter,) = found
    assert "第 3 稿" in letter
    assert "总分 99.00 → 98.50（-0.50），名次 1 → 1（late_reply -0.50）" in letter


def test_a_new_revision_that_changes_nothing_for_the_unit_says_so(post):
    post.look()
    finished_run(post.out, manifest={"note": "another run"})
    act(post.out, publishing.note_preview, at=datetime(2026, 7, 7, 8))
    assert "与上次告知的相比没有变化" in post.look(datetime(2026, 7, 7, 9))[0]


RANKING = "\n".join([HEADS["ranking"], "2026Q2,{},甲局,district,99.00,0.00,99.00,{},{},9,", ""])


@pytest.mark.parametrize(
    ("ranking", "said"),
    [(("U1", "", ""), "甲局：2026Q2 考核预览第 2 稿。总分 99.00，不参加排名。"),
     (("U2", 1, 1), "U1：2026Q2 考核预览第 2 稿。本单位不再列入。")],
)
def test_a_unit_that_is_not_ranked_or_not_there_any_more_is_told_so(post, ranking, said):
    post.look()
    finished_run(post.out, files={"ranking.csv": RANKING.format(*ranking).encode()})
    act(post.out, publishing.note_preview, at=datetime(2026, 7, 7, 8))
    (letter,) = post.look(datetime(2026, 7, 7, 9))
    assert letter.startswith(said) and "2026-07-13" in letter


def test_who_heard_of_a_preview_hears_of_a_later_one_after_the_objections_too(post):
    post.look()
    finished_run(post.out, "-3.00")
    act(post.out, publishing.note_preview, at=datetime(2026, 7, 7, 8))
    (letter,) = post.look(datetime(2026, 7, 20, 9))
    assert "第 2 稿" in letter and "异议期已于 2026-07-1" in letter


def test_without_an_address_of_the_pages_nobody_is_sent_to_one(post):
    post.channels = Channels(units={"U1": ("json://x",)})
    (letter,) = post.look()
    assert letter.endswith("有异议请在 2026-07-13（含当日）前提出。")


@pytest.mark.parametrize(("day", "n"), [(9, 0), (10, 1), (13, 0)])
def test_the_last_day_but_one_is_told(post, day, n):
    """Friday the tenth has one working day left, Monday the thirteenth none."""
    post.look()
    found = post.look(datetime(2026, 7, day, 9))
    assert (len(found), all("只剩一个工作日" in one for one in found)) == (n, True)
    assert post.look(datetime(2026, 7, day, 10)) == []


@pytest.mark.parametrize(("at", "n"), [("21:59", 1), ("22:00", 0), ("07:29", 0), ("07:30", 1)])
def test_nobody_is_told_in_quiet_hours(post, at, n):
    assert len(post.look(datetime.fromisoformat(f"2026-07-07T{at}"))) == n


def test_a_withdrawal_at_midnight_is_followed_by_the_mornings_message(post):
    post.look()
    midnight = datetime(2026, 7, 8)
    act(post.out, publishing.note_stop, Words("缺列", "a column lacks"), at=midnight)
    assert post.look(midnight) == []
    (letter,) = post.look(datetime(2026, 7, 8, 7, 30))
    assert "第 1 稿暂停使用" in letter and "2026-07-13" in letter and "缺列" not in letter
    assert post.look(datetime(2026, 7, 8, 8)) == []


def test_a_withdrawal_that_is_mended_before_the_morning_is_a_new_revision_only(post):
    post.look()
    act(post.out, publishing.note_stop, Words("缺", "lacks"), at=datetime(2026, 7, 8))
    finished_run(post.out, "-2.00")
    act(post.out, publishing.note_preview, at=datetime(2026, 7, 8, 3))
    (letter,) = post.look(datetime(2026, 7, 8, 7, 30))
    assert "第 2 稿" in letter and "暂停" not in letter


def test_publication_is_told_to_who_was_told_of_a_preview(tmp_path):
    approved_run(tmp_path)
    post = Post(tmp_path)
    assert len(post.look(datetime(2026, 7, 13, 9))) == 1
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    (letter,) = post.look(LATER)
    assert "结果第 1 版已发布" in letter and f"{PAGES}/published/2026Q2/1/units/U1.html" in letter
    assert post.look(LATER) == []


def test_channels_that_are_set_up_later_do_not_tell_what_is_long_over(tmp_path):
    published(tmp_path)
    assert Post(tmp_path).look(datetime(2026, 7, 20, 9)) == []


def test_a_preview_whose_objections_are_over_is_told_to_nobody_for_the_first_time(post):
    assert len(post.look(datetime(2026, 7, 14, 9))) == 0


def test_a_correction_is_told_with_what_it_changed(tmp_path):
    approved_run(tmp_path)
    post = Post(tmp_path)
    post.look(datetime(2026, 7, 13, 9))
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    post.look(LATER)
    finished_run(tmp_path, "-4.00")
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=datetime(2026, 7, 16, 9))
    act(tmp_path, publishing.correct, "复核", LIN, without_pdf=True, at=datetime(2026, 7, 16, 10))
    (letter,) = post.look(datetime(2026, 7, 16, 11))
    assert "结果第 2 版已发布" in letter and "99.00 → 96.00（-3.00）" in letter


def test_what_did_not_go_out_is_told_to_the_operators_and_sent_again_when_they_say(post):
    post.works = False
    assert len(post.look()) == 1
    assert post.look() == [] and "letters_failed" in post.alerts
    with pytest.raises(UsageRefusal):
        again(post.out, "2026Q1")
    post.works = True
    assert again(post.out, "2026Q2") == 1
    assert len(post.look()) == 1
    post.look()
    assert post.alerts == []


def test_a_look_that_was_killed_while_it_sent_does_not_send_again(post):
    def killed(*_):
        raise KeyboardInterrupt

    seen = look(post.out, Periods(), JULY, post.channels, signers_of(post.out))
    with pytest.raises(KeyboardInterrupt):
        tell_units(post.out, seen.letters, post.channels, JULY, killed)
    assert Sent.read(post.out).uncertain == ("2026Q2 U1 preview 1",)
    assert post.look() == [] and "letters_uncertain" in post.alerts


def test_two_looks_at_once_send_one_letter(post):
    both = [look(post.out, Periods(), JULY, post.channels, signers_of(post.out)) for _ in range(2)]
    for seen in both:
        tell_units(post.out, seen.letters, post.channels, JULY, post.deliver)
    assert len(post.got) == 1


def test_units_without_a_channel_and_codes_that_are_no_unit_are_told_to_the_operators(post):
    post.channels = Channels(units={"U7": ("json://x",)})
    assert post.look() == []
    assert post.alerts == ["no_channel", "no_unit"]


def test_without_channels_of_units_nothing_is_missed(post):
    post.channels = Channels(("json://x",))
    assert post.look() == [] and post.alerts == []


def test_a_run_that_was_damaged_is_told_and_its_letters_wait(post):
    """The copy for the units is whole; the run itself lost its ranking."""
    (post.out / "2026Q2").resolve().joinpath("ranking.csv").unlink()
    assert post.look() == []
    assert "damaged" in post.alerts


def test_a_damaged_revision_does_not_tell_a_unit_that_it_is_not_in_it(post):
    post.look()
    finished_run(post.out, "-3.00")
    act(post.out, publishing.note_preview, at=datetime(2026, 7, 7, 8))
    (post.out / "2026Q2").resolve().joinpath("ranking.csv").unlink()
    assert post.look(datetime(2026, 7, 7, 9)) == [] and "damaged" in post.alerts


@pytest.mark.parametrize(
    ("line", "said"),
    [("units: [json://x]", "单位编号"), ("units: {U1: nonsense}", "第 1 个地址"), ("pages: out", "https://")],
)
def test_a_setting_that_nothing_would_honour_is_refused_with_its_line(line, said, tmp_path):
    (tmp_path / "alerts.yaml").write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_channels(tmp_path / "alerts.yaml")
    assert "第 2 行" in refusal.value.words.zh and said in refusal.value.words.zh
    assert "nonsense" not in refusal.value.words.zh


def test_the_command_sends_to_the_units_own_channel(post, capsys, monkeypatch, tmp_path):
    """Through Apprise to a webhook on this machine."""
    got = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode("unicode_escape"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "alerts.yaml").write_text(f"units: {{U1: 'json://127.0.0.1:{server.server_port}'}}\n")
    (tmp_path / "gongping.yaml").write_text("name: 泽湖市\nalerts: alerts.yaml\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.edges.process.now", lambda: JULY)
    monkeypatch.setenv("GONGPING_LANG", "zh")

    def called(*words):
        with pytest.raises(SystemExit) as ended:
            main(["alerts", "--out", str(post.out), "--signers", str(signers_of(post.out)), *words])
        output = capsys.readouterr()
        return ended.value.code, output.out + output.err

    code, told = called()
    assert (code, "第 1 稿" in told, got) == (0, True, [])
    code, told = called("--send")
    server.shutdown()
    process.use(Project())
    assert (code, "发出 1" in told) == (0, True), told
    assert len(got) == 1 and "甲局" in got[0] and "2026-07-13" in got[0]
