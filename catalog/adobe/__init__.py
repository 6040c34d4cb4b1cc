"""Adobe's Flow Service: what it says is exported, asked for and read; nothing else knows its shapes."""
