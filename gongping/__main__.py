"""`python -m gongping` is the command `gongping`."""

from pipelines.cli import main

main()
