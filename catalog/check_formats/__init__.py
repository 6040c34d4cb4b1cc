"""The document of `check` in the formats of other tools."""
