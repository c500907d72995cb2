"""The fonts of the printed pages on disk, against the manifest of what they should be."""

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from hashlib import file_digest
from pathlib import Path

from pipelines.paths import FONTS, SCRIPTS

MANIFEST, SCRIPT = SCRIPTS / "fonts.manifest", SCRIPTS / "fonts.sh"
FONT_TYPES = {".otf", ".ttc", ".ttf"}

# Family, as style sheets name it, → the file that holds its regular or only face.
FACES = {
    "FandolFang": "FandolFang-Regular.otf",
    "FandolHei": "FandolHei-Regular.otf",
    "FandolKai": "FandolKai-Regular.otf",
    "FandolSong": "FandolSong-Regular.otf",
    "LXGW WenKai": "LXGWWenKai-Regular.ttf",
    "Noto Sans CJK SC": "NotoSansCJK-Regular.ttc",
    "Noto Serif CJK SC": "NotoSerifCJK-Bold.ttc",
}


@cache
def widths(family: str, folder: Path = FONTS) -> dict[str, Fraction]:
    """Every character of a font family with its width in em; an empty mapping for a family that is not there."""
    from fontTools.ttLib import TTFont

    if (place := _place(family, folder)) is None:
        return {}
    with TTFont(folder / place[0], fontNumber=place[1], lazy=True) as font:
        metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {chr(code): Fraction(metrics[name][0], em) for code, name in font.getBestCmap().items()}


def _place(family: str, folder: Path) -> tuple[str, int] | None:
    """File and face of a family, None where the folder has none of that name."""
    return (FACES[family], 0) if family in FACES else added(folder).get(family)


@cache
def added(folder: Path = FONTS) -> dict[str, tuple[str, int]]:
    """The families that an office has put into the folder, under every name they have, with file and face.

    A file that cannot be read as a font adds nothing: the printer does not see it either.
    """
    found: dict[str, tuple[str, int]] = {}
    for file in sorted(folder.glob("*")):
        if file.suffix.lower() in FONT_TYPES and file.name not in manifest():
            for number, names in enumerate(_names(file)):
                found = {**dict.fromkeys(names, (file.name, number)), **found}
    return found


def _names(file: Path) -> list[set[str]]:
    """The family names of every face in a file, in all languages."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with (TTCollection if file.suffix.lower() == ".ttc" else TTFont)(file, lazy=True) as font:
            faces = font.fonts if isinstance(font, TTCollection) else [font]
            return [{r.toUnicode() for r in face["name"].names if r.nameID in (1, 16)} for face in faces]
    except (TTLibError, KeyError, UnicodeDecodeError):
        return []


@cache
def drawn(family: str, folder: Path = FONTS) -> frozenset[str]:
    """The characters that a font in the folder can draw."""
    from fontTools.ttLib import TTFont

    file, number = _place(family, folder)
    with TTFont(folder / file, fontNumber=number, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def uncovered(text: str, folder: Path = FONTS) -> set[str]:
    """The printable characters that no font in the folder can draw; the large fonts are opened only when need be."""
    left = {c for c in text if c.isprintable() and not c.isspace()}
    for family in (*FACES, *added(folder)):
        left = left - drawn(family, folder) if left else left
    return left


def foreign(names: set[str], folder: Path = FONTS) -> set[str]:
    """Those of a document's embedded fonts that are neither ours nor in the folder of fonts."""
    ours = tuple(family.replace(" ", "-") for family in (*FACES, *added(folder)))
    return {name for name in names if not name.startswith(ours)}


def absent(families: Iterable[str], folder: Path = FONTS) -> list[str]:
    """The families that somebody asks for and no file in the folder has."""
    return [family for family in dict.fromkeys(families) if _place(family, folder) is None]


def manifest() -> dict[str, str]:
    """File name → sha256 of every font, as `scripts/fonts.sh` fetches them."""
    lines = (line.split() for line in MANIFEST.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    files = {path.rpartition("/")[2]: sha for _, sha, path in lines}
    return {name: sha for name, sha in files.items() if Path(name).suffix in FONT_TYPES}


def missing(folder: Path = FONTS) -> list[str]:
    """Names of the fonts that are not there, `fonts.conf` among them where it names another folder."""
    conf = folder / "fonts.conf"
    names = [name for name in manifest() if not (folder / name).is_file()]
    placed = conf.is_file() and f"<dir>{folder}</dir>" in conf.read_text(encoding="utf-8")
    return names if placed else [*names, conf.name]


def changed(folder: Path = FONTS) -> list[str]:
    """Names of the fonts that are there with other bytes than the manifest's."""
    return [name for name, sha in manifest().items() if (folder / name).is_file() and _sha256(folder / name) != sha]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
