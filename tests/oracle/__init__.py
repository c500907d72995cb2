"""A second, slow and literal scorer, written from the definitions alone, to check the product against."""

from .scorer import score as score
