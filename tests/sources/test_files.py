"""Pulls of files: a folder, an SFTP server, an S3 store and a web server on loopback; whole and unchanged, or none."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipelines.model.period import Period
from pipelines.model.project import Secret, Source
from pipelines.model.words import Refusal
from pipelines.sources import files
from pipelines.sources.pull import EXPORTS, RECEIPT, pull
from tests.sources.servers import sftp

PERIOD = Period.parse("2026Q3")
CONTENT = {"cases_07.csv": "case_id\n甲\n".encode(), "cases_08.csv": b"case_id\n2\n" * 300_000, "other.txt": b"x"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(files, "WAIT", 0.01)
    monkeypatch.setenv("STORE_KEY", "key-id-of-the-store")
    monkeypatch.setenv("STORE_SECRET", "very secret key")


def put(folder: Path) -> Path:
    """The period's files where a source has them."""
    (folder / "2026Q3").mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / "2026Q3" / name).write_bytes(content)
    return folder


class Web(BaseHTTPRequestHandler):
    """A server that fails, cuts or redirects as its ``plan`` says; ``asked`` are the paths in order."""

    plan: dict[str, list]
    asked: list

    def do_GET(self):  # noqa: N802
        self.answer(True)

    def do_HEAD(self):  # noqa: N802
        self.answer(False)

    def answer(self, has_body):
        self.asked.append((self.command, self.path, self.headers.get("Authorization")))
        fault = self.plan.get(self.path, [])
        what = fault.pop(0) if fault and has_body else ""
        content = CONTENT.get(self.path.rpartition("/")[2])
        if content is None or what == "error":
            self.send_error(503 if content else 404)
            return
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.plan["to"])
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if has_body:
            self.wfile.write(content[: len(content) // 2] if what == "cut" else content)

    def log_message(self, *arguments):
        pass


@contextmanager
def web(**plan):
    handler = type("Planned", (Web,), {"plan": plan, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, handler
        finally:
            server.shutdown()


def web_source(port, *, at="/2026Q3", **more):
    return Source("site", "http", url=f"http://127.0.0.1:{port}{at}", files=("cases_07.csv", "cases_08.csv"),
                  local=True, **more)


@contextmanager
def store():
    """An S3 store with the period's files in a bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        account = {"aws_access_key_id": "key-id-of-the-store", "aws_secret_access_key": "very secret key"}
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **account)
        client.create_bucket(Bucket="hotline")
        for name, content in CONTENT.items():
            client.put_object(Bucket="hotline", Key=f"out/2026Q3/{name}", Body=content)
        yield Source("store", "s3", folder="hotline/out", endpoint=address, region="us-east-1", local=True,
                     key=Secret(env="STORE_KEY"), secret=Secret(env="STORE_SECRET"), files=("{period}/cases_*.csv",))  # noqa: E501
    finally:
        server.stop()


@pytest.fixture(params=["folder", "sftp", "s3", "http"])
def source(request, tmp_path):
    if request.param == "folder":
        yield Source("share", "folder", folder=str(put(tmp_path / "share")), files=("{period}/cases_*.csv",))
    elif request.param == "sftp":
        put(tmp_path / "out")
        with sftp(tmp_path / "ssh") as (server, key, known):
            yield Source("drop", "sftp", host="127.0.0.1", port=server.port, user=account(), folder=str(tmp_path / "out"),  # noqa: E501
                         files=("{period}/cases_*.csv",), key_file=key, known_hosts=known)
    elif request.param == "s3":
        with store() as one:
            yield one
    else:
        with web() as (port, _):
            yield web_source(port)


def account() -> str:
    import getpass

    return getpass.getuser()


def test_the_files_of_a_period_come_byte_by_byte(source, tmp_path):
    done = pull([source], PERIOD, tmp_path / "raw")
    found = {file.name: file.read_bytes() for file in (done.folder / EXPORTS).iterdir()}
    assert found == {name: content for name, content in CONTENT.items() if name.startswith("cases")}
    assert {table.file: table.bytes for table in done.tables} == {name: len(found[name]) for name in found}
    receipt = (done.folder / RECEIPT).read_text(encoding="utf-8")
    assert "very secret key" not in receipt and "key-id-of-the-store" not in receipt


def test_a_file_that_is_not_there_is_a_refusal_and_nothing_is_kept(source, tmp_path):
    with pytest.raises(Refusal):
        pull([replace(source, files=(*source.files, "{period}/units.csv"))], PERIOD, tmp_path / "raw")
    assert [*(tmp_path / "raw" / "2026Q3").iterdir()] == []


def test_a_file_that_is_too_large_is_a_refusal(source, tmp_path):
    with pytest.raises(Refusal) as refusal:
        pull([replace(source, most_megabytes=1)], PERIOD, tmp_path / "raw")
    assert "larger than 1 MB" in refusal.value.words.en and [*(tmp_path / "raw" / "2026Q3").iterdir()] == []


def test_a_wrong_server_key_is_refused_before_anything_is_said(tmp_path):
    put(tmp_path / "out")
    with sftp(tmp_path / "ssh") as (server, key, known), sftp(tmp_path / "other") as (_, _, other):
        lines = other.read_text().split(" ", 1)
        known.write_text(f"[127.0.0.1]:{server.port} {lines[1]}")
        source = Source("drop", "sftp", host="127.0.0.1", port=server.port, user=account(), folder=str(tmp_path / "out"),  # noqa: E501
                        files=("{period}/*.csv",), key_file=key, known_hosts=known)
        with pytest.raises(Refusal) as refusal:
            pull([source], PERIOD, tmp_path / "raw")
    assert "Host key" in refusal.value.words.en


@pytest.mark.parametrize("fault", ["error", "cut"])
def test_a_read_that_fails_is_tried_again_from_its_beginning(tmp_path, fault):
    with web(**{"/2026Q3/cases_08.csv": [fault, fault]}) as (port, handler):
        done = pull([web_source(port)], PERIOD, tmp_path / "raw")
        assert sum(asked[:2] == ("GET", "/2026Q3/cases_08.csv") for asked in handler.asked) == 3
    assert (done.folder / EXPORTS / "cases_08.csv").read_bytes() == CONTENT["cases_08.csv"]


def test_a_read_that_keeps_failing_leaves_nothing(tmp_path):
    with web(**{"/2026Q3/cases_08.csv": ["cut"] * 5}) as (port, _), pytest.raises(Refusal) as refusal:
        pull([web_source(port)], PERIOD, tmp_path / "raw")
    assert "nothing was kept" in refusal.value.words.en and [*(tmp_path / "raw" / "2026Q3").iterdir()] == []


def test_a_redirect_to_another_host_is_not_followed_and_its_token_not_sent(tmp_path):
    with web() as (other, stranger), web(to=f"http://127.0.0.1:{other}/2026Q3/cases_07.csv") as (port, _):
        with pytest.raises(Refusal) as refusal:
            pull([web_source(port, at="/to", token=Secret(env="STORE_SECRET"))], PERIOD, tmp_path / "raw")
        assert stranger.asked == []
    assert f"redirects to 127.0.0.1:{other}" in refusal.value.words.en


def test_a_redirect_on_the_same_host_is_followed(tmp_path):
    with web() as (port, handler):
        handler.plan["to"] = "/2026Q3/cases_07.csv"
        source = replace(web_source(port, at="/to"), files=("cases_07.csv",))
        done = pull([source], PERIOD, tmp_path / "raw")
    assert (done.folder / EXPORTS / "cases_07.csv").read_bytes() == CONTENT["cases_07.csv"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.1.1", "0.0.0.0"])
def test_addresses_of_this_machine_are_refused_unless_the_project_allows_them(tmp_path, host):
    source = replace(web_source(9), url=f"http://{host}:9/x", local=False)
    with pytest.raises(Refusal) as refusal:
        pull([source], PERIOD, tmp_path / "raw")
    assert "local: true" in refusal.value.words.en


def test_a_file_that_changes_while_it_is_read_is_a_refusal(tmp_path):
    share = put(tmp_path / "share")

    def listen(name, done, whole):
        if name == "cases_08.csv" and done == whole:
            (share / "2026Q3" / "cases_07.csv").write_bytes(b"case_id\nother\n")

    source = Source("share", "folder", folder=str(share), files=("{period}/cases_*.csv",))
    with pytest.raises(Refusal) as refusal:
        pull([source], PERIOD, tmp_path / "raw", listen)
    assert "cases_07.csv changed" in refusal.value.words.en and [*(tmp_path / "raw" / "2026Q3").iterdir()] == []


def test_two_sources_with_a_file_of_one_name_are_a_refusal(tmp_path):
    sources = [
        Source(name, "folder", folder=str(put(tmp_path / name)), files=("{period}/cases_*.csv",)) for name in "ab"
    ]
    with pytest.raises(Refusal) as refusal:
        pull(sources, PERIOD, tmp_path / "raw")
    assert "two files are called cases_07.csv" in refusal.value.words.en
