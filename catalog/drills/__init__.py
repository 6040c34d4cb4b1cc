"""Restores that are tried in a scratch database."""
