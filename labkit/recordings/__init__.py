"""A recording: its manifest and tables on disk, and what may be compared."""
