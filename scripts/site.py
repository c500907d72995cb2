"""The documentation as a site: every Markdown page of the project, Chinese first, its contents derived from the README.

    python scripts/site.py [FOLDER]      into .cache/site, or FOLDER; ends with 1 where a link leads nowhere

Pages are copied as they stand, so their links lead where they lead in the repository, a folder's to its README. `X.md`
beside `X.en.md` is Chinese, any other page English. Sections and order follow the links of the two READMEs.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "*.md",
    "docs/*.md",
    "examples/README.md",
    "examples/*/README.md",
    "tests/README.md",
    "tests/spec/*.md",
    "tests/toy/island/*.md",
)
BEGIN = {"中文": "README.zh-CN.md", "English": "README.md"}
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
BLOCK = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
WIDE = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"  # a browser puts a space where a line ends between two of them
BROKEN = re.compile(rf"^(?!#)(.*{WIDE})\n[ ]*(?={WIDE})", re.MULTILINE)
FONTS = "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"  # the reader's own
STYLE = """code, a { overflow-wrap: anywhere; } code span.pre { white-space: normal; }
@media screen and (max-width: 1100px) {   /* telephones: nothing beyond the edge, the contents as quiet as the page */
  div.body ul, div.body ol { margin-left: 0; padding-left: 1.3em; }
  div.body table.docutils { display: block; overflow-x: auto; border: 0; }
  div.body table.docutils code { overflow-wrap: normal; }
  div.sphinxsidebar { background: #f4f2ee; color: #333; }
  div.sphinxsidebar h3, div.sphinxsidebar h3 a, div.sphinxsidebar p, div.sphinxsidebar a { color: #333; }
}
"""
CONF = {
    "project": "公评 Gongping",
    "language": "zh_CN",
    "root_doc": "index",
    "extensions": ["myst_parser"],
    "source_suffix": {".md": "markdown"},
    "myst_heading_anchors": 4,
    "highlight_language": "none",
    "html_theme_options": {
        "page_width": "1100px",
        "body_max_width": "none",
        "show_powered_by": False,
        "font_family": FONTS,
        "head_font_family": FONTS,
    },
    # Sphinx's box for searching: the theme's own says "Search" in it, whatever the language.
    "html_sidebars": {"**": ["about.html", "searchbox.html", "navigation.html", "relations.html"]},
    "html_show_copyright": False,
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "suppress_warnings": ["misc.highlighting_failure"],  # `csv` has no colours
}


def chinese(page: str, pages: set[str]) -> bool:
    """Whether a page is the Chinese one of a pair, or the Chinese README."""
    return page == BEGIN["中文"] or page.removesuffix(".md") + ".en.md" in pages


def ordered(language: str, pages: set[str]) -> list[str]:
    """The pages of a language: the README, what it links to, in that order, then the others."""
    begin = BEGIN[language]
    own = [page for page in sorted(pages) if chinese(page, pages) == (language == "中文")]
    named = [begin, *LINK.findall((ROOT / begin).read_text(encoding="utf-8"))]
    return list(dict.fromkeys(page for page in (*named, *own) if page in own))


def stage(source: Path) -> None:
    """Copy the pages and what they link to, and write the first page with the contents and the settings."""
    pages = {file.relative_to(ROOT).as_posix() for pattern in PAGES for file in ROOT.glob(pattern)}
    for page in pages:
        for name in _linked(page):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        (source / page).write_text(_joined(_without_folders(page)), encoding="utf-8")
    lines = ["# 公评 Gongping"]
    for language in BEGIN:
        names = [page.removesuffix(".md") for page in ordered(language, pages)]
        lines += ["", "```{toctree}", f":caption: {language}", ":maxdepth: 1", "", *names, "```"]
    (source / "index.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = "\n".join(f"{name} = {value!r}" for name, value in CONF.items())
    (source / "conf.py").write_text(settings + "\n", encoding="utf-8")
    (source / "_static").mkdir()
    (source / "_static" / "site.css").write_text(STYLE, encoding="utf-8")


def _linked(page: str) -> list[str]:
    """Files that a page links to and that are no page: pictures, the licence, declarations."""
    places = LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    files = [(ROOT / page).parent / place for place in places if "://" not in place]
    inside = [file.resolve() for file in files if file.is_file() and file.suffix != ".md"]
    return [file.relative_to(ROOT).as_posix() for file in inside if file.is_relative_to(ROOT)]


def _without_folders(page: str) -> str:
    """The page with links to a folder's README in the place of links to the folder."""

    def named(link: re.Match) -> str:
        place = link[1].rstrip("/")
        return f"]({place}/README.md)" if ((ROOT / page).parent / place / "README.md").is_file() else link[0]

    return LINK.sub(named, (ROOT / page).read_text(encoding="utf-8"))


def _joined(text: str) -> str:
    """The text without the ends of lines between Chinese signs, blocks of code apart."""
    parts = BLOCK.split(text)
    return "".join(part if part.startswith("```") else BROKEN.sub(r"\1", part) for part in parts)


def main(target: Path) -> int:
    """Build; 0 where every link leads somewhere."""
    from sphinx.cmd.build import main as build

    source = target / "source"
    shutil.rmtree(target, ignore_errors=True)
    stage(source)
    return build(["-q", "-W", "--keep-going", "-b", "html", str(source), str(target / "html")])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".cache" / "site"))
