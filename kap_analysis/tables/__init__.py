"""One function per table: frames in by keyword, a Table out that renders anywhere."""
