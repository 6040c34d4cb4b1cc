"""The nightly run: one at a time, told to those who wait for it."""
