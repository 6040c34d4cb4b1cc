"""What goes into a bundle, from catalog and settings."""
