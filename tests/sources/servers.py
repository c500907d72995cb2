"""Real servers on loopback that a test starts and ends: PostgreSQL, MariaDB, SFTP, S3, a plain web server."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "pass:word@1'%"
ROOT = os.geteuid() == 0


@dataclass
class Server:
    """A running server; ``home`` belongs to whom it runs as."""

    port: int
    home: Path
    process: subprocess.Popen

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def as_user(user: str) -> list[str]:
    """What stands before a command that must not run as root."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if ROOT else []


@contextmanager
def running(command: list[str], port: int, home: Path, user: str = "", limit: float = 30) -> Iterator[Server]:
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*(as_user(user) if user else []), *command], stdout=log, stderr=log, start_new_session=True, cwd=home
        )
    server = Server(port, home, process)
    try:
        end = time.monotonic() + limit
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None and time.monotonic() < end, (home / "log").read_text(errors="replace")[-2000:]
            time.sleep(0.05)
        yield server
    finally:
        server.kill()


def _home(name: str, user: str) -> Path:
    """A folder outside the tests' own, which other users may not enter."""
    home = Path("/var/tmp") / f"gongping-{name}-{os.getpid()}-{time.monotonic_ns()}"
    home.mkdir(mode=0o700)
    if ROOT:
        shutil.chown(home, user, user)
    return home


@contextmanager
def postgres() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if Path("/usr/lib/postgresql").is_dir() else []
    if not found:
        pytest.skip("no PostgreSQL: sh scripts/test_tools.sh")
    home, port, tools = _home("postgres", "postgres"), free_port(), found[-1].parent
    (home / "password").write_text(PASSWORD)
    if ROOT:
        shutil.chown(home / "password", "postgres")
    try:
        subprocess.run(
            [*as_user("postgres"), tools / "initdb", "-D", home / "data", "-U", "owner", "-A", "scram-sha-256",
             "--pwfile", home / "password", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd=home,
        )
        command = [str(tools / "postgres"), "-D", str(home / "data"), "-p", str(port), "-c", "listen_addresses=127.0.0.1",  # noqa: E501
                   "-c", f"unix_socket_directories={home}", "-c", "fsync=off"]
        with running(command, port, home, "postgres") as server:
            while subprocess.run([tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode:
                time.sleep(0.05)  # it takes connections before it answers them
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def mariadb() -> Iterator[Server]:
    if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        pytest.skip("no MariaDB: sh scripts/test_tools.sh")
    user = "mysql" if ROOT else getpass.getuser()
    home, port = _home("mariadb", user), free_port()
    try:
        subprocess.run(
            [*as_user(user), "mariadb-install-db", "--no-defaults", f"--datadir={home}/data", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=True, capture_output=True, cwd=home,
        )
        options = ["--no-defaults", f"--datadir={home}/data", f"--port={port}", "--bind-address=127.0.0.1",
                   f"--socket={home}/socket", f"--pid-file={home}/pid", "--innodb-flush-log-at-trx-commit=0",
                   "--character-set-server=utf8mb4"]
        with running([shutil.which("mariadbd"), *options], port, home, user) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def sftp(folder: Path) -> Iterator[tuple[Server, Path, Path]]:
    """An SFTP server for whoever runs the tests; the private key of the account and the server's known_hosts line."""
    if not (binary := shutil.which("sshd") or shutil.which("/usr/sbin/sshd")):
        pytest.skip("no SFTP server: sh scripts/test_tools.sh")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    for name in ("host", "account"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if ROOT:
        Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/account.pub\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\n"
    )
    public = (folder / "host.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    with running([binary, "-D", "-e", "-f", str(folder / "config")], port, folder) as server:
        yield server, folder / "account", folder / "known_hosts"
