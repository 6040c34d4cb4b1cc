"""Ways to damage a copy of an export, each with the codes it has to raise."""
