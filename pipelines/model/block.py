"""A mapping of a rule file that knows where it stands, so that a refusal can name file and line."""

from typing import Any


class Block(dict[str, Any]):
    """A mapping of a rule file, with the file, its own line and the line of each key.

    A value is a text, a list or a block: YAML as written, which `fail_if` checks before it is used.
    """

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line
        self.lines: dict[str, int] = {}
