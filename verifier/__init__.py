"""Looks at bytes and says what it saw; knows no database, no schedule and no channel."""
