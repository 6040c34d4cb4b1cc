"""The DuckDB catalog file; no other package imports duckdb."""
