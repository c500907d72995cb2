"""What is made from the vocabulary of the mapping language: the words of both manuals, and the JSON schema.

`make reference` writes them; a test holds them to the vocabulary.
"""

import json
import re
from pathlib import Path

import yaml

from pipelines.exports.mapping import Word, declarations, vocabulary
from pipelines.paths import CONTRACTS, ROOT

SCHEMA = CONTRACTS / "mapping" / "mapping.schema.json"
MANUALS = {"zh": ROOT / "docs" / "mapping.md", "en": ROOT / "docs" / "mapping.en.md"}
_WORDS = re.compile(r"(<!-- words -->\n).*(<!-- /words -->)", re.DOTALL)
TITLES = {
    "mapping": ("整份映射", "The whole mapping"),
    "table": ("一张表", "A table"),
    "where": ("`where` 的条件", "Conditions of `where`"),
    "unpivot": ("`unpivot`", "`unpivot`"),
    "column": ("一列", "A column"),
    "days": ("`days_after`、`working_days_after`", "`days_after`, `working_days_after`"),
    "hours": ("`hours_after`", "`hours_after`"),
    "working_hours": ("`working_hours_after`", "`working_hours_after`"),
    "by_flag": ("`by_flag`", "`by_flag`"),
}
KINDS = {
    "text": ("文字", "text"),
    "raw": ("文字", "text"),
    "texts": ("文字或其列表", "a text or a list of them"),
    "number": ("整数", "a whole number"),
    "choice": ("之一", "one of"),
    "words": ("`{zh: …, en: …}`", "`{zh: …, en: …}`"),
    "values": ("`{值: 标准值}`", "`{value: canonical value}`"),
    "flag": ("`{表头: 值}`", "`{header: value}`"),
    "block": ("见下", "see below"),
    "blocks": ("见下", "see below"),
}
LABELS = {"given": ("文件", "the file"), "beside": ("旁边的文件", "beside the mapping"), "reads": ("读成", "reads as")}


def files() -> dict[Path, str]:
    """Every file that is made, and what it should hold; what stands around the words of a manual stays."""
    made = {SCHEMA: json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"}
    for lang, file in MANUALS.items():
        made[file] = _WORDS.sub(lambda found, lang=lang: found[1] + words(lang) + found[2], file.read_text("utf-8"))
    return made


def words(lang: str) -> str:
    """All words in a language, block by block, each with its example."""
    parts = []
    for block, known in vocabulary().items():
        parts.append(f"## {TITLES[block][lang == 'en']}\n\n")
        with_example = [word for word in known.values() if "example" in declarations()[block][word.name]]
        rows = [f"| `{word.name}` | {_kind(word, lang)} | {_cell(word.says.into(lang))} |" for word in known.values()]
        head = ("| 写法 | 其后 | 含义 |", "| word | after it | meaning |")[lang == "en"]
        parts.append("\n".join([head, "|---|---|---|", *rows]) + "\n\n")
        parts += [_example(word.name, declarations()[block][word.name]["example"], lang) for word in with_example]
    return "\n" + "".join(parts)


def _kind(word: Word, lang: str) -> str:
    kind = KINDS[word.kind][lang == "en"]
    choices = " · ".join(f"`{choice}`" for choice in word.choices)
    if word.choices:
        kind = choices if len(word.choices) == 1 else f"{kind} {choices}" if lang == "en" else f"{choices} {kind}"
    needed = ("（必填）", " (required)")[lang == "en"] if word.required else ""
    return kind + needed


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _example(name: str, example: dict, lang: str) -> str:
    text = [f"`{name}`:\n\n```yaml\n{yaml.safe_dump(example['says'], allow_unicode=True, sort_keys=False)}```\n"]
    for part in ("beside", "given"):
        for file, content in example.get(part, {}).items():
            label = LABELS[part][lang == "en"]
            text.append(f"{label} `{file}`\n\n```text\n{content.rstrip()}\n```\n")
    text.append(f"{LABELS['reads'][lang == 'en']}\n\n```text\n{example['reads'].rstrip()}\n```\n")
    if faults := example.get("faults"):
        n = len(faults)
        text.append(
            (f"另有 {n} 行进隔离清单：", f"and {n} row in quarantine: ")[lang == "en"] + "、".join(faults) + "\n"
        )
    return "\n".join(text) + "\n"


def schema() -> dict:
    """The JSON schema by which an editor checks a mapping as it is typed."""
    blocks = {name: _block(known) for name, known in vocabulary().items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gongping mapping",
        "$ref": "#/$defs/mapping",
        "$defs": {"scalar": {"type": ["string", "number", "boolean"]}, **blocks},
    }


def _block(known: dict[str, Word]) -> dict:
    properties = {word.name: {"description": word.says.en, **_value(word)} for word in known.values()}
    required = [word.name for word in known.values() if word.required]
    origins = [{"required": [word.name]} for word in known.values() if word.origin]
    shape = {"type": "object", "additionalProperties": False, "properties": properties}
    return shape | ({"required": required} if required else {}) | ({"oneOf": origins} if origins else {})


def _value(word: Word) -> dict:
    scalar = {"$ref": "#/$defs/scalar"}
    of = {"$ref": f"#/$defs/{word.of}"}
    shapes = {
        "text": scalar,
        "raw": scalar,
        "texts": {"oneOf": [scalar, {"type": "array", "items": scalar}]},
        "number": {"type": "integer", "minimum": 0, "maximum": 99999},
        "choice": {"enum": [one for choice in word.choices for one in dict.fromkeys((choice, yaml.safe_load(choice)))]},
        "words": {
            "type": "object",
            "additionalProperties": False,
            "required": ["zh", "en"],
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
        },
        "values": {"type": "object", "minProperties": 1, "additionalProperties": scalar},
        "flag": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": scalar},
        "block": of,
        "blocks": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"oneOf": [scalar, of]} if word.keys == "column" else of,
        },
    }
    return shapes[word.kind]
