"""`scripts/setup.sh` on invented machines: it does what is needed, once, and says in one line what it could not."""

import pytest

from tests.setup.machine import build, give_apt


@pytest.fixture
def machine(tmp_path):
    """A machine with uv and a compiler, without apt."""
    return build(tmp_path)


def test_set_up_installs_the_locked_packages_and_the_fonts(machine):
    give_apt(machine)
    done = machine.run("setup.sh")
    assert done.returncode == 0, done.stderr
    assert machine.asked("sync --frozen") == 1
    assert (machine.project / ".fonts" / "Invented.otf").read_bytes() == b"a font"


def test_a_second_start_asks_nobody_for_anything(machine):
    give_apt(machine)
    machine.run("setup.sh")
    before = machine.calls.read_text()
    done = machine.run("setup.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.calls.read_text() == before


@pytest.mark.parametrize("file", ["uv.lock", "pyproject.toml", "scripts/fonts.manifest"])
def test_a_changed_requirement_is_set_up_again(machine, file):
    give_apt(machine)
    machine.run("setup.sh")
    with (machine.project / file).open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    machine.run("setup.sh")
    assert machine.asked("sync --frozen") == 2


def test_a_lost_environment_is_made_again(machine):
    machine.run("setup.sh")
    (machine.project / ".venv" / "bin" / "gongping").unlink()
    machine.run("setup.sh")
    assert machine.asked("sync --frozen") == 2


def test_an_environment_from_another_place_is_made_anew(machine):
    machine.run("setup.sh")
    script = machine.project / ".venv" / "bin" / "gongping"
    script.write_text("#!/elsewhere/.venv/bin/python\n")
    (machine.project / ".venv" / "left_over").touch()
    machine.run("setup.sh", "--again")
    assert not (machine.project / ".venv" / "left_over").exists()
    assert "elsewhere" not in script.read_text()


def test_a_machine_that_cannot_have_the_fonts_is_set_up_all_the_same_and_says_so_every_time(machine):
    for _ in range(2):
        done = machine.run("setup.sh")
        assert done.returncode == 0
        (line,) = [line for line in done.stderr.splitlines() if "Fonts" in line]
        assert "PDF is not" in line and line.endswith("make fonts")


def test_a_machine_without_compiler_and_apt_borrows_one_from_pypi(machine):
    (machine.commands / "cc").unlink()
    assert machine.run("setup.sh").returncode == 0
    assert machine.asked("pip install") == 1
    assert "ziglang" in machine.calls.read_text()


def test_a_machine_with_a_compiler_borrows_none(machine):
    assert machine.run("setup.sh").returncode == 0
    assert machine.asked("pip install") == 0


def test_without_a_python_that_fits_one_line_says_which_to_install(machine):
    machine.give("uv", "#!/bin/sh\n[ \"$2\" = dir ]\n")
    done = machine.run("setup.sh")
    assert done.returncode == 1
    assert "No Python from 3.11 to 3.14 here" in done.stderr
    assert not (machine.project / ".venv" / ".setup").exists()


def test_packages_that_fail_to_install_stop_the_set_up_and_are_tried_again(machine):
    good = (machine.commands / "uv").read_text()
    machine.give("uv", good.replace("mkdir -p .venv/bin", "exit 2"))
    done = machine.run("setup.sh")
    assert done.returncode == 1
    assert "could not be installed" in done.stderr
    machine.give("uv", good)
    assert machine.run("setup.sh").returncode == 0


def test_a_uv_that_is_too_old_for_the_project_is_not_used(machine):
    find = '"python find")'
    machine.give("uv", (machine.commands / "uv").read_text().replace(find, f'"python dir") exit 2 ;;\n  {find}'))
    done = machine.run("setup.sh")
    assert done.returncode == 1
    assert "uv could not be had" in done.stderr
    assert machine.asked("sync --frozen") == 0
