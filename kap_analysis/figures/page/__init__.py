"""A page to draw on: size, style, scales, text, alternative text and export."""
