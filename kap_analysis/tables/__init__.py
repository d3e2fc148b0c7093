"""One function per table: frames in by keyword, a Table out that renders anywhere."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
