"""Colours and helpers that the plots share."""

import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as dates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker as tickers  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow.parquet as parquet  # noqa: E402

# Okabe-Ito hues: told apart by people with colour-vision deficiencies.
REGIME_COLOURS = {"calm": "#56B4E9", "trend": "#009E73", "mid": "#F0E442", "chaos": "#D55E00",
                  "unknown": "#AAAAAA"}
SPARE_COLOURS = ["#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7", "#D55E00", "#0072B2", "#999999"]
POLICY, UNGATED, HOLD = "#000000", "#0072B2", "#999999"
STRETCHES_MAX = 150  # narrower ones beside each other are a barcode, not regimes

plt.rcParams.update({
    "figure.dpi": 120, "font.size": 9, "axes.grid": True, "grid.alpha": 0.25, "axes.spines.top": False,
    "axes.spines.right": False, "legend.frameon": False, "axes.titlelocation": "left",
})


def read(path):
    table = parquet.read_table(path)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def file_name(symbol):
    """As regent hmm fit names a symbol's model: no two symbols share a name."""
    escaped = [f"%{ord(c):02X}" if c in "/%" or ord(c) < 32 or (c == "." and i == 0) else c for i, c in enumerate(symbol)]
    return "".join(escaped)


def save(figure, path):
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def tell(drawn, folder):
    print(f"  drew {len(drawn)} picture{'s' if len(drawn) != 1 else ''} in {folder}: "
          f"{', '.join(drawn[:8])}{' …' if len(drawn) > 8 else ''}")


def run(draw_all, usage):
    """A script that draws what one folder holds: draw_all(folder) gives the names of its pictures."""
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(usage)
    folder = pathlib.Path(sys.argv[1])
    tell(draw_all(folder), folder)


def macro_of(label):
    """The macro regime of a micro state's label, as calm of calm 2."""
    return label.rstrip("0123456789").strip()


def scenario_colour(index):
    """The baseline, the first one, is black."""
    return "#000000" if index == 0 else SPARE_COLOURS[(index - 1) % len(SPARE_COLOURS)]


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


def stretch_of(bars):
    """How many bars each of at most STRETCHES_MAX stretches has."""
    return -(-bars // STRETCHES_MAX)


def dominant(times, regimes):
    """The most frequent regime of each stretch of bars: the stretches' edges in time (one more) and regimes."""
    firsts = np.arange(0, len(times), stretch_of(len(times)))
    names, numbers = np.unique(regimes, return_inverse=True)
    counts = np.stack([np.add.reduceat(numbers == i, firsts) for i in range(len(names))])
    return np.append(times[firsts], times[-1]), names[counts.argmax(axis=0)]


def log_scale(axis, low, high):
    """A log y axis with readable ticks for values from low to high: fewer of every power of ten over many powers, and
    as on a linear axis where the values hardly differ."""
    axis.set_yscale("log")
    if high < 4 * low:
        axis.yaxis.set_major_locator(tickers.MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    else:
        subs = (1, 2, 3, 5, 7) if high < 12 * low else (1, 2, 5) if high < 1000 * low else (1,)
        axis.yaxis.set_major_locator(tickers.LogLocator(subs=subs))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axis.yaxis.set_minor_formatter(tickers.NullFormatter())


def finish(figure, axes, path):
    axes[-1].xaxis.set_major_locator(dates.AutoDateLocator())
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(axes[-1].xaxis.get_major_locator()))
    figure.align_ylabels(axes)
    save(figure, path)
