"""The way to publication: preview, objection, approval, publication, correction, and the record of all of it."""
