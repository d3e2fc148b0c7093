"""Everything of style in one place: widths, text sizes, colours, markers, line styles, light and dark.

Nothing here changes matplotlib's settings; :func:`rc_settings` gives the mapping that a figure applies inside
``matplotlib.rc_context`` while it is drawn or saved. The colours are those of Okabe and Ito (2008, "Color universal
design"), told apart in the common colour-vision deficiencies; markers, fills and line styles repeat the difference
for greyscale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from kap_analysis.columns import GROUP, INDIVIDUAL, MIXED
from kap_analysis.errors import FigureError

ThemeName = Literal["light", "dark"]
Width = Literal["single", "double"] | float

MM_PER_INCH: Final = 25.4
POINTS_PER_MM: Final = 72 / MM_PER_INCH
SINGLE_COLUMN_MM: Final = 89.0
DOUBLE_COLUMN_MM: Final = 183.0
MINIMUM_WIDTH_MM: Final = 40.0
NARROW_MM: Final = 120.0
"""Pages narrower than this have their panels below each other and their labels in lines."""

SMALL_PT: Final = 7.0
TEXT_PT: Final = 8.0
HEADING_PT: Final = 9.0
LINE_HEIGHT: Final = 1.35
CHARACTER_WIDTH: Final = 0.58
"""Mean width of a character of the font in ems, for wrapping text before it is drawn."""

FONT: Final = "DejaVu Sans"
"""Shipped with matplotlib, so a figure has the same letters on every machine; what it lacks is in ``fonts.py``."""

PNG_DPI: Final = 300
SCREEN_DPI: Final = 120
HASH_SALT: Final = "kap_analysis"

OKABE_ITO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "black": "#000000",
        "orange": "#E69F00",
        "sky blue": "#56B4E9",
        "bluish green": "#009E73",
        "yellow": "#F0E442",
        "blue": "#0072B2",
        "vermillion": "#D55E00",
        "reddish purple": "#CC79A7",
    }
)


@dataclass(frozen=True, slots=True)
class FormatLook:
    """How one format is drawn: the same in every figure."""

    colour: str
    marker: str
    line_style: Any
    filled: bool
    hatch: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme, each for one thing.

    The colours of ``formats`` are for formats only, ``worse`` and ``better`` for a change or a margin in that
    direction, ``accent`` (a grey) for what is of all patients; ``sequence`` runs from least to most.
    """

    name: str
    background: str
    foreground: str
    muted: str
    faint: str
    accent: str
    worse: str
    better: str
    sequence: tuple[str, ...]
    formats: Mapping[str, FormatLook]

    def look(self, care_format: str) -> FormatLook:
        """Colour, marker and line style of a format; anything else than a format is drawn in the foreground."""
        return self.formats.get(care_format, FormatLook(self.foreground, "D", "-", True, ""))

    def marker_face(self, care_format: str) -> str:
        """Fill of the marker: formats alternate between filled and open, which survives greyscale."""
        look = self.look(care_format)
        return look.colour if look.filled else self.background


def _format_looks(individual: str, group: str, mixed: str) -> Mapping[str, FormatLook]:
    return MappingProxyType(
        {
            INDIVIDUAL: FormatLook(individual, "o", "-", True, ""),
            GROUP: FormatLook(group, "s", (0, (4.0, 1.6)), False, "////"),
            MIXED: FormatLook(mixed, "^", (0, (5.0, 1.5, 1.0, 1.5)), True, "...."),
        }
    )


THEMES: Final[Mapping[str, Theme]] = MappingProxyType(
    {
        "light": Theme(
            name="light",
            background="#FFFFFF",
            foreground="#1A1A1A",
            muted="#595959",
            faint="#D9D9D9",
            accent="#454545",
            worse="#8B2F7F",
            better="#6E5C00",
            sequence=("#FBFBFB", "#F5F5F5", "#EFEFEF", "#E8E8E8", "#E1E1E1", "#D4D4D4"),
            formats=_format_looks("#0065A0", "#A84300", "#006B4F"),
        ),
        "dark": Theme(
            name="dark",
            background="#121212",
            foreground="#F0F0F0",
            muted="#B5B5B5",
            faint="#444444",
            accent="#CFCFCF",
            worse="#E39AD9",
            better="#F0E442",
            sequence=("#161616", "#1E1E1E", "#272727", "#313131", "#3C3C3C", "#484848"),
            formats=_format_looks("#56B4E9", "#E69F00", "#2CC295"),
        ),
    }
)


def theme_named(name: str) -> Theme:
    """The theme of that name, ``"light"`` or ``"dark"``.

    Raises
    ------
    FigureError
        If there is no such theme.
    """
    if name not in THEMES:
        raise FigureError(f"There is no theme {name!r}; choose {' or '.join(repr(theme) for theme in THEMES)}.")
    return THEMES[name]


def is_narrow(width: Width) -> bool:
    """Whether a page is too narrow for panels beside each other and for columns of numbers."""
    return width_in_mm(width) < NARROW_MM


def panel_grid(width: Width, panels: int, most: int) -> tuple[int, int]:
    """Rows and columns of panels: at most so many beside each other, on a narrow page all below each other."""
    columns = 1 if is_narrow(width) else min(panels, most)
    return -(-panels // columns), columns


def width_in_mm(width: Width) -> float:
    """Width of a figure in mm: ``"single"`` column (89), ``"double"`` column (183), or a number of mm."""
    if width == "single":
        return SINGLE_COLUMN_MM
    if width == "double":
        return DOUBLE_COLUMN_MM
    if isinstance(width, str) or not width >= MINIMUM_WIDTH_MM:
        raise FigureError(
            f"The width of a figure is 'single', 'double' or at least {MINIMUM_WIDTH_MM:g} mm, not {width!r}."
        )
    return float(width)


def inches(millimetres: float) -> float:
    """Millimetres as inches, matplotlib's unit."""
    return millimetres / MM_PER_INCH


def rc_settings(theme: Theme) -> Any:
    """matplotlib settings of a theme as a mapping, for ``matplotlib.rc_context``: never applied globally."""
    return {
        "font.family": [FONT],
        "font.size": TEXT_PT,
        "text.parse_math": False,
        "axes.titlesize": TEXT_PT,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 5.0,
        "axes.labelsize": TEXT_PT,
        "axes.labelpad": 3.0,
        "xtick.labelsize": SMALL_PT,
        "ytick.labelsize": SMALL_PT,
        "legend.fontsize": SMALL_PT,
        "legend.frameon": False,
        "figure.facecolor": theme.background,
        "figure.edgecolor": theme.background,
        "axes.facecolor": "none",
        "axes.edgecolor": theme.muted,
        "axes.labelcolor": theme.foreground,
        "axes.titlecolor": theme.foreground,
        "text.color": theme.foreground,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelcolor": theme.foreground,
        "ytick.labelcolor": theme.foreground,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.grid": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.major.pad": 2.5,
        "ytick.major.pad": 2.5,
        "xtick.direction": "out",
        "ytick.direction": "out",
        "lines.linewidth": 1.2,
        "lines.markersize": 4.2,
        "lines.markeredgewidth": 1.0,
        "hatch.linewidth": 0.6,
        "hatch.color": theme.background,
        "patch.linewidth": 0.6,
        "figure.dpi": SCREEN_DPI,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.wspace": 0.04,
        "figure.constrained_layout.hspace": 0.05,
        "savefig.facecolor": "auto",
        "savefig.bbox": None,
        "savefig.transparent": False,
        **file_settings(),
    }


def file_settings() -> Any:
    """Settings that act when a file is written: fonts embedded in PDF, letters as text in SVG, stable ids."""
    return {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": HASH_SALT}
