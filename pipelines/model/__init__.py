"""The nouns of a scored quarter, as frozen dataclasses; standard library only."""
