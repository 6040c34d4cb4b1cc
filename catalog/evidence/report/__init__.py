"""A report on a period, from the rows of a bundle."""
