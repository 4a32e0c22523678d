"""Colours and helpers that the plots share."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as dates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

# Okabe-Ito hues: told apart by people with colour-vision deficiencies.
REGIME_COLOURS = {"calm": "#56B4E9", "trend": "#009E73", "mid": "#F0E442", "chaos": "#D55E00"}
SPARE_COLOURS = ["#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7", "#D55E00", "#0072B2", "#999999"]
POLICY, UNGATED, HOLD = "#000000", "#0072B2", "#999999"

plt.rcParams.update({
    "figure.dpi": 120, "font.size": 9, "axes.grid": True, "grid.alpha": 0.25, "axes.spines.top": False,
    "axes.spines.right": False, "legend.frameon": False, "axes.titlelocation": "left",
})


def regime_colour(label, index):
    return REGIME_COLOURS.get(label, SPARE_COLOURS[index % len(SPARE_COLOURS)])


def runs_of(values):
    """(first, end, value) of each run of equal values; end is exclusive."""
    values = np.asarray(values)
    if len(values) == 0:
        return
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    for first, end in zip(np.r_[0, edges], np.r_[edges, len(values)]):
        yield first, end, values[first]


def span(axis, times, first, end, **style):
    """Shades bars [first, end) up to the next bar's time, so that neighbouring spans touch."""
    right = times[end] if end < len(times) else times[-1]
    axis.axvspan(times[first], right, linewidth=0, **style)


def shade_regimes(axis, times, regimes, labels, alpha=0.22):
    for first, end, label in runs_of(regimes):
        if label in labels:
            span(axis, times, first, end, color=regime_colour(label, labels.index(label)), alpha=alpha)


def finish(figure, axes, path):
    axes[-1].xaxis.set_major_locator(dates.AutoDateLocator())
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(axes[-1].xaxis.get_major_locator()))
    figure.align_ylabels(axes)
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)
