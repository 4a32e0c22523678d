#!/usr/bin/env python3
"""Draws the pictures of `regent hmm plot` and `regent hmm select` from what they wrote into a folder.

usage: hmm.py FOLDER

From series.parquet and regimes.json, for every symbol: price.png (price in its regimes, and the filtered posterior),
posteriors.png (filtered beside smoothed), transitions.png, durations.png. From selection.json: selection.png.
Only draws: every number comes from the command.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow.parquet as parquet
from matplotlib.colors import PowerNorm
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

import style
from style import plt

CIRCLES_MAX = 12  # more regimes are a knot of arrows; their transitions are drawn as a map
PANELS_A_ROW = 6
BARS_DRAWN_MAX = 4000  # of a line; more are not told apart in a picture
PIXELS_ACROSS = 1200  # regimes of more bars are drawn by stretches


def read_series(path):
    table = parquet.read_table(path)
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    if "timestamp" in columns:
        columns["time"] = columns.pop("timestamp").astype("datetime64[ms]")
    else:
        columns["time"] = columns.pop("row")
    return columns


def of_symbol(series, symbol):
    rows = series["symbol"] == symbol
    return {name: values[rows] for name, values in series.items()}


def colours_of(labels):
    """Hues told apart by everybody; more regimes than there are such hues are coloured along a scale by number."""
    if len(labels) > len(style.SPARE_COLOURS):
        return list(plt.get_cmap("turbo")(np.linspace(0.05, 0.95, len(labels))))
    return [style.regime_colour(label, i) for i, label in enumerate(labels)]


def lasting(series):
    """A single bar as one that lasts until the next: a line and an area need two points."""
    step = np.timedelta64(1, "D") if np.issubdtype(series["time"].dtype, np.datetime64) else 1
    twice = {name: np.repeat(values, 2) for name, values in series.items()}
    twice["time"] = series["time"][0] + step * np.arange(2)
    return twice


def thinned(series, regimes, most):
    """At most `most` stretches of bars: of each its first time, last price, mean posterior and most frequent regime, and
    once more the last of them where the bars end."""
    bars = len(series["time"])
    if bars == 1:
        return lasting(series)
    step = -(-bars // most)
    if step == 1:
        return series
    firsts = np.arange(0, bars, step)
    ends = np.append(firsts[1:], bars)
    counts = np.stack([np.add.reduceat(series["regime"] == i, firsts) for i in range(regimes)])
    thin = {"time": series["time"][firsts], "price": series["price"][ends - 1],
            "regime": np.where(counts.any(axis=0), counts.argmax(axis=0), -1)}
    for name, values in series.items():
        if name.startswith(("filtered_", "smoothed_")):
            thin[name] = np.add.reduceat(values, firsts) / (ends - firsts)
    thin = {name: np.append(values, values[-1:]) for name, values in thin.items()}
    thin["time"][-1] = series["time"][-1]
    return thin


def stretches(series, regimes):
    """The series as regimes are seen in: bar by bar, or where they would be a barcode by stretches; and how many bars
    each of these has."""
    bars = len(series["time"])
    if bars <= PIXELS_ACROSS:
        return thinned(series, regimes, PIXELS_ACROSS), 1
    return thinned(series, regimes, style.STRETCHES_MAX), style.stretch_of(bars)


def say_stretch(axis, what, bars):
    if bars > 1:
        axis.set_title(f"{what} of every {bars:,} bars", loc="right", fontsize=8)


def finish(figure, axes, times, path):
    if np.issubdtype(times.dtype, np.datetime64):
        style.finish(figure, axes, path)
        return
    axes[-1].set_xlabel("bar")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels(axes)
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def shade(axis, times, regimes, labels, alpha):
    colours = colours_of(labels)
    for first, end, regime in style.runs_of(regimes):
        if regime >= 0:
            style.span(axis, times, first, end, color=colours[regime], alpha=alpha)


def stack(axis, series, prefix, labels):
    shares = np.nan_to_num(np.stack([series[f"{prefix}{i}"] for i in range(len(labels))]))
    axis.stackplot(series["time"], shares, colors=colours_of(labels), alpha=0.75, linewidth=0,
                   step="post")
    axis.set_ylim(0, 1)
    axis.margins(x=0)


def legend(figure, labels):
    """Below the picture, so that it covers nothing."""
    patches = [Patch(color=colour, alpha=0.6, label=label) for label, colour in zip(labels, colours_of(labels))]
    figure.legend(handles=patches, loc="outside lower left", ncols=min(len(labels), 10))


def set_price_scale(axis, prices, name):
    low, high = np.nanmin(prices), np.nanmax(prices)
    axis.set_ylabel(f"{name}, log scale" if low > 0 else name)
    if not low > 0:
        return
    style.log_scale(axis, low, high)
    if low == high:
        axis.set_ylim(low / 1.1, high * 1.1)


def draw_price(series, labels, price_name, title, path):
    thin, (regimes, bars) = thinned(series, len(labels), BARS_DRAWN_MAX), stretches(series, len(labels))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 6.5), sharex=True, height_ratios=[2, 1], layout="constrained")
    shade(top, regimes["time"], regimes["regime"], labels, alpha=0.4)
    top.plot(thin["time"], thin["price"], color="black", linewidth=0.9)
    top.margins(x=0)
    set_price_scale(top, thin["price"], price_name)
    top.set_title(f"{title}most probable path of regimes, with hindsight (Viterbi)")
    say_stretch(top, "the most frequent regime", bars)
    stack(bottom, regimes, "filtered_", labels)
    bottom.set_ylabel("filtered posterior")
    bottom.set_title("as live use saw it: P(regime | bars so far)")
    say_stretch(bottom, "mean", bars)
    legend(figure, labels)
    finish(figure, [top, bottom], thin["time"], path)


def draw_posteriors(series, labels, title, path):
    thin, bars = stretches(series, len(labels))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 5), sharex=True, layout="constrained")
    stack(top, thin, "filtered_", labels)
    top.set_title(f"{title}filtered: P(regime | bars so far)")
    top.set_ylabel("probability")
    say_stretch(top, "mean", bars)
    stack(bottom, thin, "smoothed_", labels)
    bottom.set_title("smoothed: P(regime | all bars), with hindsight")
    bottom.set_ylabel("probability")
    say_stretch(bottom, "mean", bars)
    legend(figure, labels)
    finish(figure, [top, bottom], thin["time"], path)


def spot(i, count):
    angle = np.pi / 2 - 2 * np.pi * i / max(count, 1)
    return np.array([np.cos(angle), np.sin(angle)]) if count > 1 else np.zeros(2)


def draw_transition_map(regimes, title, path):
    labels = [f"{regime['label']} ({100 * regime['share']:.2g} %)" for regime in regimes]
    side = 4 + 0.2 * len(regimes)
    figure, axis = plt.subplots(figsize=(side + 1, side), layout="constrained")
    image = axis.imshow([regime["next"] for regime in regimes], cmap="viridis", norm=PowerNorm(0.5, 0, 1))
    places = np.arange(len(regimes))
    axis.set_xticks(places, [regime["label"] for regime in regimes], rotation=90, fontsize=7)
    axis.set_yticks(places, labels, fontsize=7)
    axis.grid(False)
    axis.set_ylabel("from (share of the bars)")
    axis.set_xlabel("to")
    axis.set_title(f"{title}P(regime of the next bar)")
    figure.colorbar(image, shrink=0.7, label="probability")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def draw_transitions(regimes, title, path):
    """Area of a circle: share of the bars. Arrow: probability to move there at the next bar."""
    count = len(regimes)
    if count > CIRCLES_MAX:
        draw_transition_map(regimes, title, path)
        return
    labels = [regime["label"] for regime in regimes]
    colours = colours_of(labels)
    figure, axis = plt.subplots(figsize=(6.5, 6.5), layout="constrained")
    radii = [0.16 + 0.22 * np.sqrt(regime["share"]) for regime in regimes]
    largest = max((p for i, regime in enumerate(regimes) for j, p in enumerate(regime["next"]) if i != j), default=1) or 1
    for i, regime in enumerate(regimes):
        for j, probability in enumerate(regime["next"]):
            if i == j or probability < 5e-5:
                continue
            start, end = spot(i, count), spot(j, count)
            way = (end - start) / np.linalg.norm(end - start)
            side = np.array([-way[1], way[0]])
            arrow = FancyArrowPatch(start + radii[i] * way, end - radii[j] * way, connectionstyle="arc3,rad=0.18",
                                    arrowstyle="-|>", mutation_scale=12, color=colours[i],
                                    linewidth=0.6 + 3.4 * probability / largest)
            axis.add_patch(arrow)
            if count <= 6:
                length = np.linalg.norm(end - start)
                place = (start + end) / 2 - side * 0.15 * length
                axis.text(*place, f"{100 * probability:.2g} %", ha="center", va="center", fontsize=8)
    for i, regime in enumerate(regimes):
        axis.add_patch(plt.Circle(spot(i, count), radii[i], color=colours[i], alpha=0.85, linewidth=0))
        axis.text(*spot(i, count), f"{regime['label']}\n{100 * regime['share']:.0f} % of bars\nstays {100 * regime['next'][i]:.1f} %",
                  ha="center", va="center", fontsize=8)
    places = np.array([spot(i, count) for i in range(count)])
    axis.set_xlim(places[:, 0].min() - 0.6, places[:, 0].max() + 0.6)
    axis.set_ylim(places[:, 1].min() - 0.6, places[:, 1].max() + 0.6)
    axis.set_aspect("equal")
    axis.axis("off")
    axis.set_title(f"{title}P(regime of the next bar)")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def draw_durations(series, regimes, title, path):
    labels = [regime["label"] for regime in regimes]
    lengths = [[] for _ in labels]
    runs = list(style.runs_of(series["regime"]))
    for first, end, regime in runs[1:-1]:  # the first and the last are cut by the data
        if regime >= 0:
            lengths[regime].append(end - first)
    columns = min(len(labels), PANELS_A_ROW)
    rows = -(-len(labels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(max(6, 3.2 * columns), 0.6 + 2.8 * rows), squeeze=False,
                                layout="constrained")
    longest = max((max(one) for one in lengths if one), default=1)
    edges = np.unique(np.round(np.geomspace(1, longest + 1, 24)))
    for axis in axes.flat[len(labels):]:
        axis.axis("off")
    for axis, regime, colour, one in zip(axes.flat, regimes, colours_of(labels), lengths):
        if one:
            axis.hist(one, bins=edges, color=colour, alpha=0.8)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True) if longest < 10 else LogLocator())
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        mean = regime["mean_duration_bars"]
        text = f"{regime['label']}: {len(one)} visits"
        if one:
            text += f", mean {np.mean(one):.3g} bars"
        if isinstance(mean, (int, float)):
            axis.axvline(mean, color="black", linestyle="--", linewidth=1, label=f"model's mean {mean:.3g}")
            axis.set_ylim(0, 1.25 * max(axis.get_ylim()[1], 1))  # room for the legend
            axis.legend(loc="upper right")
        axis.set_title(text, fontsize=9)
        axis.set_xlabel("bars in a row")
    for axis in axes[:, 0]:
        axis.set_ylabel("visits of the decoded path")
    figure.suptitle(f"{title}how long regimes last", x=0.01, ha="left")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def draw_regimes(folder):
    series = read_series(folder / "series.parquet")
    written = json.loads((folder / "regimes.json").read_text())
    drawn = []
    for model in written["models"]:
        symbol = model.get("symbol", "")
        own = of_symbol(series, symbol)
        regimes = model["regimes"]
        labels = [regime["label"] for regime in regimes]
        prefix = f"{style.file_name(symbol)}_" if symbol else ""
        title = f"{symbol}: " if symbol else ""
        if np.isfinite(own["price"]).any():
            draw_price(own, labels, written["price"], title, folder / f"{prefix}price.png")
            drawn.append(f"{prefix}price.png")
        draw_posteriors(own, labels, title, folder / f"{prefix}posteriors.png")
        draw_transitions(regimes, title, folder / f"{prefix}transitions.png")
        draw_durations(own, regimes, title, folder / f"{prefix}durations.png")
        drawn += [f"{prefix}posteriors.png", f"{prefix}transitions.png", f"{prefix}durations.png"]
    return drawn


CRITERIA = [("aic", "AIC", "#0072B2"), ("aicc", "AICc", "#56B4E9"), ("bic", "BIC", "#D55E00"), ("hqic", "HQIC", "#E69F00")]


def draw_selection(folder):
    """Criteria relative to their own best, in nats per bar; below it the held-out log-likelihood per bar."""
    written = json.loads((folder / "selection.json").read_text())
    rows = [row for row in written["candidates"] if row.get("error") is None]
    names = [row["name"] for row in rows]
    places = np.arange(len(rows))
    held_out = all(isinstance(row.get("held_out"), (int, float)) for row in rows)
    figure, axes = plt.subplots(1 + held_out, 1, figsize=(max(6, 0.8 * len(rows) + 3), 3.4 + 2.6 * held_out), sharex=True,
                                squeeze=False, layout="constrained")
    top = axes[0][0]
    for key, name, colour in CRITERIA:
        values = np.array([row[key] if isinstance(row.get(key), (int, float)) else np.nan for row in rows])
        if np.isnan(values).all():
            continue
        best = np.nanargmin(values)
        top.plot(places, (values - values[best]) / (2 * written["bars"]), "o-", color=colour, label=name, markersize=4)
        top.plot(best, 0, "o", color=colour, markersize=11, markerfacecolor="none")
    top.set_ylabel("above the best,\nnats per bar")
    top.set_title("Information criteria (ringed: best)")
    top.legend(ncols=4)
    last = axes[-1][0]
    if held_out:
        values = np.array([row["held_out"] for row in rows])
        last.plot(places, values, "o-", color="black", markersize=4)
        last.plot(values.argmax(), values.max(), "o", color="black", markersize=11, markerfacecolor="none")
        last.set_ylabel("held-out\nlog-likelihood per bar")
    last.set_xticks(places, names, rotation=30 if len(rows) > 6 else 0, ha="right" if len(rows) > 6 else "center")
    figure.savefig(folder / "selection.png", bbox_inches="tight")
    plt.close(figure)
    return ["selection.png"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    drawn = []
    if (folder / "regimes.json").exists():
        drawn += draw_regimes(folder)
    if (folder / "selection.json").exists():
        drawn += draw_selection(folder)
    if not drawn:
        sys.exit(f"{folder}: neither regimes.json nor selection.json; regent hmm plot and select write them")
    style.tell(drawn, folder)


if __name__ == "__main__":
    main()
