"""An independent check of a period's results: Python's standard library alone, nothing of Gongping's program.

Usage: python recompute.py [FOLDER]   Exit code 0: all that was checked is equal, 1: something differs.
本期结果的独立核对：只用 Python 标准库，不用公评程序。用法：python recompute.py [本期文件夹]
"""

import csv
import hashlib
import json
import os
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

DIFFERS, UNCHECKED = [], []
SHEETS = ("publication.json", "publication.html", "publication.pdf")  # what publication adds
BESIDE = ("manifest.json", *SHEETS)


def told(zh: str, en: str) -> None:
    """One line in both languages."""
    print(f"{zh} / {en}")


def compared(zh: str, en: str, number: int, wrong: list) -> None:
    """What was compared, how often, and the first differences."""
    told(f"{zh}：{number} 项，{len(wrong)} 项不符", f"{en}: {number} compared, {len(wrong)} differ")
    for one in wrong[:10]:
        print("   ", *one)
    DIFFERS.extend(wrong)


def rows(folder: Path, name: str) -> list:
    """A table of the period, as dicts of text."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def files(folder: Path) -> None:
    """Every file has the hash that the manifest names, none lacks and none is there beside."""
    if not (folder / "manifest.json").is_file():
        UNCHECKED.append(("文件的校验值：这里没有 manifest.json", "hashes of files: there is no manifest.json here"))
        return
    named = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    there = {one.relative_to(folder).as_posix(): one for one in folder.rglob("*") if one.is_file()}
    there = {name: one for name, one in there.items() if name not in BESIDE}
    wrong = [(name, "无 missing") for name in named if name not in there]
    wrong += [(name, "多余 not in the manifest") for name in there if name not in named]
    wrong += [
        (name, "sha256")
        for name, one in there.items()
        if name in named and hashlib.sha256(one.read_bytes()).hexdigest() != named[name]
    ]
    if (folder / "publication.json").is_file():
        run = json.loads((folder / "publication.json").read_text(encoding="utf-8"))["run"]
        if hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() != run:
            wrong.append(("manifest.json", "不是签发的那一份 not the one that was signed (publication.json)"))
    compared("文件与清单（manifest.json）", "files against manifest.json", len(named), wrong)


def sums(folder: Path, ranking: list, plain: bool) -> None:
    """Items out of ledger lines; base, bonus and total out of items and the lines of the whole."""
    lines = defaultdict(Fraction)
    for line in rows(folder, "ledger.csv"):
        lines[line["unit_id"], line["item_id"]] += Fraction(line["points"])
    every = len(lines)
    wrong, of_unit, items = [], defaultdict(lambda: [Fraction(0), Fraction(0)]), rows(folder, "items.csv")
    for item in items:
        unit, id, full = item["unit_id"], item["item_id"], Fraction(item["full_marks"])
        score = full + lines.pop((unit, id), Fraction(0))
        of_unit[unit][0 if full else 1] += score
        if score != Fraction(item["score"]):
            wrong.append((unit, id, float(score), item["score"]))
    compared("分项 = 满分 + 台账各行", "items = full marks + ledger lines", len(items), wrong)
    whole = {unit: points for (unit, id), points in lines.items() if id == "ALL"}
    compared(
        "台账每行都属于某一分项",
        "every ledger line belongs to an item",
        every,
        [key for key in lines if key[1] != "ALL"],
    )
    wrong = []
    for unit in ranking:
        id, base, bonus, total = unit["unit_id"], *(Fraction(unit[name]) for name in ("base", "bonus", "total"))
        if base + bonus + whole.get(id, 0) != total:
            wrong.append((id, "total", float(base + bonus), unit["total"]))
        if plain and id not in whole and [base, bonus] != of_unit[id]:
            wrong.append((id, "base, bonus", *map(float, of_unit[id]), unit["base"], unit["bonus"]))
    compared("总分 = 基础分 + 加分", "total = base + bonus", len(ranking), wrong)
    if not plain:
        UNCHECKED.append(
            (
                "基础分由分项得出（加权、折算、取整或合成）",
                "the base out of items (weighed, stretched, rounded or composed)",
            )
        )


def places(ranking: list, by: str) -> None:
    """1 + how many have more, in all and in each group."""
    wrong, ranked = [], [unit for unit in ranking if unit["rank"]]
    for unit in ranked:
        own = [other for other in ranked if other["unit_group"] == unit["unit_group"]]
        for column, among in (("rank", ranked), ("group_rank", own)):
            place = 1 + sum(Fraction(other[by]) > Fraction(unit[by]) for other in among)
            if unit[column] and place != int(unit[column]):
                wrong.append((unit["unit_id"], column, place, unit[column]))
    compared("名次", "places", len(ranked), wrong)


def main() -> int:
    """Check the folder, tell what was and what was not."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    ranking = rows(folder, "ranking.csv")
    manifest = folder / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))["sums"] if manifest.is_file() else {}
    files(folder)
    sums(folder, ranking, facts.get("items_add_up", False))
    if facts.get("places_by") in ("total", "base"):
        places(ranking, facts["places_by"])
    else:
        UNCHECKED.append(
            ("名次（按得分比例，或此处没有清单）", "places (they go by shares, or there is no manifest here)")
        )
    UNCHECKED.append(("导出是否属实、规则适用是否得当", "whether exports are true and rules rightly applied"))
    for zh, en in UNCHECKED:
        told(f"未核对：{zh}", f"not checked: {en}")
    told("全部相符" if not DIFFERS else "有不符之处", "all equal" if not DIFFERS else "something differs")
    return int(bool(DIFFERS))


def told_of_damage() -> int:
    """`main`, and a line instead of a traceback where a table is not there or is none, or nobody reads on."""
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, KeyError, ZeroDivisionError, csv.Error) as problem:
        told(f"无法核对，有文件缺失或损坏：{problem!r}", f"cannot be checked, a file lacks or is damaged: {problem!r}")
    return 1


if __name__ == "__main__":
    sys.exit(told_of_damage())
