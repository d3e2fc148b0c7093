"""One function per figure: frames in by keyword, a matplotlib Figure or Axes out."""
