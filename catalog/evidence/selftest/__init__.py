"""Our own controls, tried on damaged copies."""
