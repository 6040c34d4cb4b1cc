"""What bytes must look like: one validator per file format, behind one protocol."""
