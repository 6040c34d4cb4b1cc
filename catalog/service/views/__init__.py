"""The documents of the pages."""
