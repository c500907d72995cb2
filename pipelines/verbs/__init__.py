"""The verbs of the command line: for each a function `<verb>_command()`; `pipelines.cli.VERBS` says in which module."""
