"""YAML as plain values, read by the C library where the installed one has it."""

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_plain(text: str | bytes) -> object:
    """The one document of a text; yaml.YAMLError where it is none."""
    return yaml.load(text, Loader=LOADER)
