"""The newest copy of the catalog, and what is made of it that takes long."""
