"""The fonts of the printed pages on disk, against the manifest of what they should be."""

from hashlib import file_digest
from pathlib import Path

from pipelines.paths import FONTS, ROOT

MANIFEST = ROOT / "scripts" / "fonts.manifest"
FONT_TYPES = {".otf", ".ttc", ".ttf"}


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
    return [
        name for name, sha in manifest().items() if (folder / name).is_file() and _sha256(folder / name) != sha
    ]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
