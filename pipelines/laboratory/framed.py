"""An answer of the laboratory is a frame with more to it: what a frame can do, it does too, and it shows itself."""

from functools import cached_property


class Framed:
    """``frame`` is the answer, ``shown`` the part of it that a notebook shows below ``title``."""

    MOST = 60  # rows shown

    @cached_property
    def frame(self):
        """The answer as a pandas frame."""
        raise NotImplementedError

    @property
    def shown(self):
        """What a notebook shows."""
        return self.frame

    @property
    def title(self) -> str:
        """Of the table and of the chart."""
        return str(self.quarter.period)

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.frame, name)

    def __getitem__(self, key):
        return self.frame[key]

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self):
        return iter(self.frame)

    def _repr_html_(self) -> str:
        from pipelines.laboratory.html import table

        return table(self.shown, self.title, self.MOST)
