"""The HTTP API and its pages, over the same documents as the command line."""
