"""The laboratory: what a notebook may ask of a finished quarter."""
