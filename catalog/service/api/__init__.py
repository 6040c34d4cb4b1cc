"""The documents of the command line, over HTTP."""
