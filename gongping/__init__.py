"""The notebook surface under the product's own name: ``from gongping import Quarter``.

Everything lives in `pipelines`, whose names these are; each is imported when it is first asked for.
"""

from pipelines import __all__, __dir__, __getattr__

__all__ = [*__all__]
