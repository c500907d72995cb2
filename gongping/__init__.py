"""The notebook surface under the product's own name: ``from gongping import Quarter``.

Everything lives in `pipelines`, whose names these are; each is imported when it is first asked for.
"""

from pipelines import __all__
from pipelines import __dir__ as __dir__
from pipelines import __getattr__ as __getattr__

__all__ = [*__all__]
