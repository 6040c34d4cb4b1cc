"""Backups copied to other places and looked at there."""
