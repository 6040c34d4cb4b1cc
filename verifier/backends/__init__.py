"""Where bytes are kept: one module per kind of store, behind one protocol."""
