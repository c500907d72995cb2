# /// script
# dependencies = ["pypinyin"]
# ///
"""Writes reports/site/pinyin.txt: the syllables of the 6763 characters of GB 2312, for the search on the ranking.

Run whenever the data of pypinyin should be taken anew: uv run scripts/pinyin.py
"""

from pathlib import Path

from pypinyin import Style, lazy_pinyin

FILE = Path(__file__).parents[1] / "reports" / "site" / "pinyin.txt"
# Second readings that names of offices and places have; all others would find what nobody means.
ALSO = {"长": "zhang", "行": "hang", "重": "zhong", "都": "du", "乐": "yue", "会": "kuai", "调": "tiao", "朝": "chao",
        "单": "shan", "藏": "zang", "参": "shen", "率": "shuai", "省": "xing", "传": "zhuan", "厦": "sha", "石": "dan",
        "种": "zhong", "兴": "xing", "应": "ying", "台": "tai", "解": "xie", "曲": "qu", "区": "ou", "地": "di",
        "蚌": "bang", "六": "lu", "铅": "yan", "莘": "xin", "番": "pan", "尉": "yu", "涡": "guo"}


def characters() -> list[str]:
    """All Chinese characters of GB 2312."""
    pairs = [bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    return [text for pair in pairs if (text := pair.decode("gb2312", "ignore"))]


def main() -> None:
    """A line a syllable: the syllable, then its characters."""
    found: dict[str, str] = {}
    for one in characters():
        own = lazy_pinyin(one, style=Style.NORMAL, v_to_u=False)[0]
        for syllable in dict.fromkeys((own, *([ALSO[one]] if one in ALSO else ()))):
            found[syllable] = found.get(syllable, "") + one
    FILE.write_text("".join(f"{name} {found[name]}\n" for name in sorted(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
