"""Which snapshots are still needed, and what stores do with them."""
