"""Notices to people: who is to hear what, what that says, how it gets there; judges nothing."""
