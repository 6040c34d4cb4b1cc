"""Plans of restores, their written forms, and restores that are run and proved."""
