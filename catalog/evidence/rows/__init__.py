"""The rows of a bundle, and what each means."""
