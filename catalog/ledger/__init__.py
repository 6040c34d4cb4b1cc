"""What a ledger is made of: canonical bytes, a Merkle tree, signed notes, keys; pure but for reading key files."""
