"""What practices learn together without pooling rows."""
