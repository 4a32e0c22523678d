#!/usr/bin/env python3
"""Draws what the dreams of `regent dream --every` said one after the other.

usage: dream_timeline.py FOLDER

From timeline.csv: dream_timeline.png, the share of robust paths and the expected shortfall of every scenario over the
time up to which the data went, and the regime in which the data ended. Only draws: every number comes from the command.
"""

import numpy as np
import pyarrow.csv as csv
from matplotlib.patches import Patch

import style
from style import plt

SCENARIOS_DRAWN_MAX = 12


def read(path):
    table = csv.read_csv(path)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def chosen(timeline):
    """The baseline, then the stresses under which the last dream had the fewest robust paths."""
    last = timeline["time"] == timeline["time"][-1]
    names, robust = timeline["scenario"][last], timeline["robust"][last]
    order = [0, *(1 + np.argsort(robust[1:], kind="stable"))]
    return [names[i] for i in order[:SCENARIOS_DRAWN_MAX]], max(0, len(names) - SCENARIOS_DRAWN_MAX)


def draw_lines(axes, timeline, names):
    robust, shortfall = axes
    for i, name in enumerate(names):
        rows = timeline["scenario"] == name
        times = timeline["time"][rows].astype("datetime64[ms]")
        look = {"color": style.scenario_colour(i), "marker": ".", "markersize": 4, "linewidth": 1.1,
                "zorder": 3 if i == 0 else 2}
        if i == 0:
            robust.fill_between(times, 100 * timeline["robust_low"][rows], 100 * timeline["robust_high"][rows], color="#000000", alpha=0.12, linewidth=0)
        robust.plot(times, 100 * timeline["robust"][rows], label=name, **look)
        shortfall.plot(times, 100 * timeline["expected_shortfall_99"][rows], **look)
    robust.set_ylabel("robust paths, %")
    shortfall.set_ylabel("ES 99 %, % of equity")
    robust.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def draw_regimes(axis, timeline):
    """As wide as the time until the next dream."""
    base = timeline["scenario"] == timeline["scenario"][0]
    times, regimes = timeline["time"][base].astype("datetime64[ms]"), timeline["regime"][base]
    labels = list(dict.fromkeys(regimes))
    macros = list(dict.fromkeys(style.macro_of(label) for label in labels))
    axis.step(times, 100 * timeline["regime_probability"][base].astype(float), where="post", color="black", linewidth=0.8)
    for first, end, label in style.runs_of(regimes):
        macro = style.macro_of(label)
        style.span(axis, times, first, end, color=style.regime_colour(macro, macros.index(macro)), alpha=0.35)
    axis.legend(handles=[Patch(color=style.regime_colour(m, macros.index(m)), alpha=0.35, label=m) for m in macros],
                loc="center left", bbox_to_anchor=(1, 0.5))
    axis.set_ylim(0, 105)
    axis.set_ylabel("regime at the\ndata's end, %")


def draw_all(folder):
    timeline = read(folder / "timeline.csv")
    with_regimes = timeline["regime"].dtype == object and all(timeline["regime"])
    heights = [3, 3, 1] if with_regimes else [3, 3]
    figure, axes = plt.subplots(len(heights), 1, figsize=(10, 1.5 + sum(heights)), sharex=True, squeeze=False,
                                height_ratios=heights, layout="constrained")
    axes = axes[:, 0]
    names, left_out = chosen(timeline)
    draw_lines(axes[:2], timeline, names)
    if with_regimes:
        draw_regimes(axes[2], timeline)
    axes[0].set_title("Dreams by the end of their data" + (f"; {left_out} scenarios with more robust paths are not drawn" if left_out else ""))
    style.finish(figure, axes, folder / "dream_timeline.png")
    return ["dream_timeline.png"]


if __name__ == "__main__":
    style.run(draw_all, __doc__)
