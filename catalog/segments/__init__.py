"""Segments: the immutable files from which a lost catalog is made again; no database in here."""
