"""What people ask and decide, in words; the same from command line and service."""
