"""Documents and problems as responses: JSON or HTML."""
