"""The command line: arguments, use case, print, exit status."""
