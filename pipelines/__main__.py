"""`python -m pipelines` is the command `gongping`."""

from pipelines.cli import main

main()
