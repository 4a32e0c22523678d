#!/usr/bin/env python3
"""Draws equity.png and regimes.png of a run from its series.parquet and metrics.json.

usage: report.py RUN_FOLDER

Only draws: every number comes from `regent report`.
"""

import json

import numpy as np
from matplotlib.patches import Patch

import style
from style import plt


def legend_patches(labels, states):
    patches = [Patch(color=style.regime_colour(label, i), alpha=0.35, label=label) for i, label in enumerate(labels)]
    if any(state != "ACTIVE" for state in states):
        patches.append(Patch(facecolor="white", edgecolor="black", hatch="////", label="not ACTIVE"))
    return patches


def shade_inactive(axis, times, states):
    for first, end, state in style.runs_of(states):
        if state != "ACTIVE":
            style.span(axis, times, first, end, facecolor="none", edgecolor="black", hatch="////", alpha=0.35)


def sharpe_text(performance):
    """An account that never moved has no Sharpe ratio."""
    return "n/a" if performance["sharpe"] is None else f"{performance['sharpe']:.2f}"


def draw_equity(series, metrics, path):
    times, labels = series["time"], metrics["regimes"]["labels"]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 6.5), sharex=True, height_ratios=[3, 1], layout="constrained")
    for axis in (top, bottom):
        style.shade_regimes(axis, times, series["regime"], labels)
        shade_inactive(axis, times, series["state"])
    # the policy last, so that it lies on top where the gates changed nothing
    lines = [("equity_hold", "equal-weight buy and hold", style.HOLD, 1.2),
             ("equity_ungated", "policy without gates", style.UNGATED, 2.4), ("equity", "policy", style.POLICY, 1.1)]
    for column, label, colour, width in lines:
        top.plot(times, series[column] / series[column][0], color=colour, linewidth=width, label=label)
        drawdown = series[column] / np.maximum.accumulate(series[column]) - 1
        bottom.plot(times, 100 * drawdown, color=colour, linewidth=0.6 * width)
    drawn = np.concatenate([series[column] / series[column][0] for column, *_ in lines])
    style.log_scale(top, np.nanmin(drawn), np.nanmax(drawn))
    top.set_ylabel("equity (start = 1, log)")
    bottom.set_ylabel("drawdown, %")
    policy, hold = metrics["policy"], metrics["buy_and_hold"]
    top.set_title(f"Net of costs: policy Sharpe {sharpe_text(policy)}, max drawdown {100 * policy['drawdown_max']:.1f} %;"
                  f" buy and hold {sharpe_text(hold)}, {100 * hold['drawdown_max']:.1f} %")
    first = top.legend(loc="upper left")
    top.add_artist(first)
    top.legend(handles=legend_patches(labels, series["state"]), loc="lower right", ncols=4)
    style.finish(figure, [top, bottom], path)


def draw_regimes(series, metrics, path):
    times, labels = series["time"], metrics["regimes"]["labels"]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 6.5), sharex=True, height_ratios=[2, 1], layout="constrained")
    top.plot(times, series["index"], color="black", linewidth=0.9)
    style.shade_regimes(top, times, series["regime"], labels, alpha=0.4)
    style.log_scale(top, np.nanmin(series["index"]), np.nanmax(series["index"]))
    top.set_ylabel("equal-weight index (start = 1, log)")
    top.set_title("Macro regime at the close of each bar (filtered: nothing after the bar is used)")
    top.legend(handles=legend_patches(labels, []), loc="upper left", ncols=4)
    posteriors = np.nan_to_num(np.stack([series[f"p_{label}"] for label in labels]))
    bottom.stackplot(times, posteriors, colors=[style.regime_colour(label, i) for i, label in enumerate(labels)],
                     alpha=0.7, linewidth=0)
    bottom.set_ylim(0, 1)
    bottom.set_ylabel("filtered posterior")
    style.finish(figure, [top, bottom], path)


def draw_all(folder):
    series = style.read(folder / "series.parquet")
    series["time"] = series.pop("timestamp").astype("datetime64[ms]")
    metrics = json.loads((folder / "metrics.json").read_text())
    draw_equity(series, metrics, folder / "equity.png")
    draw_regimes(series, metrics, folder / "regimes.png")
    return ["equity.png", "regimes.png"]


if __name__ == "__main__":
    style.run(draw_all, __doc__)
