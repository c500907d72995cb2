"""An invented machine for the set-up scripts: a project folder and a PATH with exactly the commands it has."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pipelines.paths import ROOT

COMMANDS = (
    "sh", "cat", "chmod", "cp", "cut", "dirname", "env", "grep", "id", "mkdir", "mv", "rm", "sed", "sha256sum", "sort",
    "tee", "tr",
)
FONT = b"a font"
UV = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$1 $2" in
  "python find") echo {python} ;;
  "sync --frozen")
    mkdir -p .venv/bin
    echo "#!$PWD/.venv/bin/python" >.venv/bin/gongping
    chmod +x .venv/bin/gongping ;;
esac
"""
APT = """#!/bin/sh
case " $* " in *" download "*) echo deb >font.deb ;; *) exit 100 ;; esac
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/share/fonts/invented"
printf 'a font' >"$3/usr/share/fonts/invented/Invented.otf"
"""


@dataclass(frozen=True)
class Machine:
    """A project folder, the folder of commands beside it, and what uv was asked."""

    project: Path
    commands: Path

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess:
        """Run a script of the project, in English."""
        env = {"PATH": str(self.commands), "GONGPING_LANG": "en", "HOME": str(self.project), "CALLS": str(self.calls)}
        call = [str(self.commands / "sh"), f"scripts/{script}", *arguments]
        return subprocess.run(call, cwd=self.project, env=env, capture_output=True, text=True, timeout=300)

    @property
    def calls(self) -> Path:
        """The file in which the invented uv notes its calls."""
        return self.project / "calls"

    def give(self, name: str, text: str) -> None:
        """Put a command on the PATH."""
        (self.commands / name).write_text(text, encoding="utf-8")
        (self.commands / name).chmod(0o755)

    def asked(self, what: str) -> int:
        """How often uv was called with ``what`` at the start."""
        return sum(line.startswith(what) for line in self.calls.read_text().splitlines()) if self.calls.exists() else 0


def build(folder: Path, sha: str = sha256(FONT).hexdigest()) -> Machine:
    """A machine with uv and a C compiler, without apt, whose one font has the given sha256."""
    machine = Machine(folder / "project", folder / "commands")
    shutil.copytree(ROOT / "scripts", machine.project / "scripts")
    for name in ("uv.lock", "pyproject.toml"):
        (machine.project / name).write_text("1\n", encoding="utf-8")
    manifest = f"# package, sha256, path\ninvented {sha} usr/share/fonts/invented/Invented.otf\n"
    (machine.project / "scripts" / "fonts.manifest").write_text(manifest, encoding="utf-8")
    machine.commands.mkdir()
    for name in COMMANDS:
        (machine.commands / name).symlink_to(shutil.which(name))
    machine.give("uv", UV.format(python=sys.executable))
    machine.give("cc", "#!/bin/sh\nexit 0\n")
    return machine


def give_apt(machine: Machine) -> None:
    """An apt that can download the one font and can install nothing."""
    machine.give("apt-get", APT)
    machine.give("dpkg-deb", DPKG)
