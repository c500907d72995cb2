"""`scripts/fonts.sh` on an invented machine: whole fonts or none, checked, and named by their absolute place."""

from tests.setup.machine import build, give_apt


def test_a_font_comes_out_of_its_package_and_is_named_by_an_absolute_place(tmp_path):
    machine = build(tmp_path)
    give_apt(machine)
    done = machine.run("fonts.sh")
    assert done.returncode == 0
    assert "sha256" not in done.stdout
    assert f"<dir>{machine.project}/.fonts</dir>" in (machine.project / ".fonts" / "fonts.conf").read_text()


def test_a_font_with_other_bytes_is_kept_and_named_in_one_line(tmp_path):
    machine = build(tmp_path, sha="0" * 64)
    give_apt(machine)
    done = machine.run("fonts.sh")
    assert done.returncode == 0
    assert len([line for line in done.stdout.splitlines() if "Invented.otf differs" in line]) == 1
    assert (machine.project / ".fonts" / "Invented.otf").is_file()


def test_fonts_that_are_there_are_not_fetched_again(tmp_path):
    machine = build(tmp_path)
    give_apt(machine)
    machine.run("fonts.sh")
    (machine.commands / "apt-get").unlink()
    assert machine.run("fonts.sh").returncode == 0


def test_a_font_that_cannot_be_had_is_named(tmp_path):
    done = build(tmp_path).run("fonts.sh")
    assert done.returncode == 1
    assert "Invented.otf" in done.stderr
