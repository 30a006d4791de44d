"""One file a format; the record is the only input."""
