"""Remembers what the verifier saw, judges it against schedules and answers questions about it."""
