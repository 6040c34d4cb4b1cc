"""What promises and looks come to, judged: pure functions of values and of a moment called `now`."""
