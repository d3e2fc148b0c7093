"""Group versus individual ketamine-assisted psychotherapy: study data, mixed models, figures and tables.

``import kap_analysis as kap`` is the face of the package. Its names are loaded when they are first used.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
