"""What the catalog knows, as metrics."""
