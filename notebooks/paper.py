"""How the figures look: on light and on dark paper alike, and to the colour-blind."""

import matplotlib.pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("svg", bbox_inches="tight", facecolor="none")

#: No background of our own, and ink in the middle.
INK = "#808080"
#: Okabe and Ito's palette, "Color Universal Design" (2008), without black and yellow, each of which one paper swallows.
BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY = "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"
COLOURS = [GREEN, BLUE, SKY, VERMILLION, ORANGE, PURPLE]
#: Where colours come again, lines tell them apart; where curves lie on each other, widths do.
LINES, WIDTHS = ["-", "--", ":"], [3.4, 2]

plt.rcParams.update({
    "figure.figsize": (9, 3.6), "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.grid": True, "grid.color": INK, "grid.alpha": 0.25,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.titlelocation": "left",
    "axes.titlesize": "medium", "legend.frameon": False, "legend.labelcolor": INK, "figure.constrained_layout.use": True,
})


def style(number):
    """How the curve with this number looks."""
    turn = number // len(COLOURS)
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINES[turn % len(LINES)],
        "linewidth": WIDTHS[number] if number < len(WIDTHS) else 1.2,
    }


def beside(axes, **settings):
    """A legend at the right of the axes."""
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), **settings)


def rows(axes, names):
    """A row for each name, the first one on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
