"""Exports: files of a city, whatever their format, as rows of text in our columns; one file a format."""
