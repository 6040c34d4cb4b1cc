"""Commands that people have run, as processes of their own."""
