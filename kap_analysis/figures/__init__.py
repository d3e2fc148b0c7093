"""Figures: result frames in by keyword, a matplotlib Figure out, ready for a journal page."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
