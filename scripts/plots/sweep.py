#!/usr/bin/env python3
"""Draws the pictures of `regent sweep --plots` from the sweep.parquet and sweep.json that it wrote into a folder.

usage: sweep.py FOLDER

A heat map of the Sharpe ratio for every symbol and strategy with two swept parameters or more (over the two with most
values; the best over all others), a curve for one, and the distribution of all Sharpe ratios. Only draws: every number
comes from the command.
"""

import json

import numpy as np

import style
from style import plt

METRICS = {"total_return", "annual_return", "annual_volatility", "sharpe", "sortino", "drawdown_max", "win_rate",
           "profit_factor", "exposure", "turnover", "trades", "fees", "slippage"}
BY_REGIME = ("sharpe_", "annual_return_", "exposure_")
NO_VALUE = "#DDDDDD"  # white is a Sharpe ratio of zero


def best_over_the_rest(x, y, values, xs, ys):
    grid = np.full((len(ys), len(xs)), np.nan)
    rows, columns = np.searchsorted(ys, y), np.searchsorted(xs, x)
    for row, column, value in zip(rows, columns, values):
        if np.isfinite(value) and not grid[row, column] >= value:
            grid[row, column] = value
    return grid


def ticks(axis, values):
    step = max(1, -(-len(values) // 12))
    axis.set_ticks(range(0, len(values), step), [f"{value:g}" for value in values[::step]])


def why_no_ratio(part):
    """What a picture without any Sharpe ratio says instead, None where there is one."""
    if np.isfinite(part["sharpe"]).any():
        return None
    if not part["trades"].any():
        return f"nothing was traded; combinations tried: {len(part['trades']):,}"
    return "no combination has a Sharpe ratio: returns do not vary"


def draw_note(note, title, path):
    figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
    axis.text(0.5, 0.5, note, ha="center", va="center", transform=axis.transAxes)
    axis.set(xticks=[], yticks=[], title=title)
    style.save(figure, path)


def draw_heat_map(part, names, title, trials, path):
    # the fastest first, so that both axes rise
    names = sorted(names, key=lambda name: -len(np.unique(part[name])))[:2]
    names.sort(key=list(part).index)
    xs, ys = (np.unique(part[name]) for name in names)
    grid = best_over_the_rest(part[names[0]], part[names[1]], part["sharpe"], xs, ys)
    limit = np.nanmax(np.abs(grid)) or 1
    figure, axis = plt.subplots(figsize=(7.5, 5.5), layout="constrained")
    axis.set_facecolor(NO_VALUE)
    picture = axis.imshow(grid, origin="lower", aspect="auto", cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    row, column = np.unravel_index(np.nanargmax(grid), grid.shape)
    axis.plot(column, row, "o", markerfacecolor="none", markeredgecolor="black", markersize=10)
    ticks(axis.xaxis, xs)
    ticks(axis.yaxis, ys)
    axis.set_xlabel(names[0] + (" (grey: no such combination, or it never traded)" if np.isnan(grid).any() else ""))
    axis.set_ylabel(names[1])
    axis.grid(False)
    axis.set_title(f"{title}\nbest Sharpe ratio {grid[row, column]:.2f} (ringed) of {trials}")
    figure.colorbar(picture, ax=axis, label="Sharpe ratio")
    style.save(figure, path)


def draw_curve(part, name, title, trials, path):
    order = np.argsort(part[name])
    figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
    axis.plot(part[name][order], part["sharpe"][order], "o-", color=style.POLICY, markersize=3)
    if len(order) <= 12:
        axis.set_xticks(part[name][order], [f"{value:g}" for value in part[name][order]])
    axis.set_xlabel(name)
    axis.set_ylabel("Sharpe ratio")
    axis.set_title(f"{title}\nbest Sharpe ratio {np.nanmax(part['sharpe']):.2f} of {trials}")
    style.save(figure, path)


def draw_distribution(of_symbol, title, path):
    """Sharpe ratios, stacked by strategy."""
    figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
    strategies = list(dict.fromkeys(of_symbol["strategy"]))
    values = [of_symbol["sharpe"][of_symbol["strategy"] == name] for name in strategies]
    colours = [style.SPARE_COLOURS[i % len(style.SPARE_COLOURS)] for i in range(len(strategies))]
    axis.hist([one[np.isfinite(one)] for one in values], bins=60, stacked=True, color=colours, label=strategies)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_xlabel("Sharpe ratio")
    axis.set_ylabel("combinations")
    axis.set_title(title)
    axis.legend(fontsize=7)
    style.save(figure, path)


def rows_of(table, rows):
    return {name: values[rows] for name, values in table.items()}


def draw_strategy(part, parameters, title, trials, path):
    """Returns whether there is a picture: without a swept parameter there is none."""
    swept = [name for name in parameters if len(np.unique(part[name][~np.isnan(part[name])])) > 1]
    note = why_no_ratio(part)
    if not swept:
        path.unlink(missing_ok=True)  # an earlier run's would not belong to the others
    elif note:
        draw_note(note, title, path)
    elif len(swept) == 1:
        draw_curve(part, swept[0], title, trials, path)
    else:
        draw_heat_map(part, swept, title, trials, path)
    return bool(swept)


def luck_of(said, strategy):
    """What stands beside the best of a strategy. Trials are those of all strategies: each is a chance to be lucky."""
    deflated = next((best["deflated_sharpe"] for best in said["best_of_strategy"] if best["strategy"] == strategy), None)
    overfitting = said["overfitting_probability"]
    return (f"{said['trials']:,} trials" + (f", deflated {deflated:.2f}" if deflated is not None else "") +
            (f"; probability of overfitting {100 * overfitting:.1f} %" if overfitting is not None else ""))


def draw_symbol(of_symbol, parameters, said, folder):
    drawn, symbol = [], said["symbol"]
    for strategy in dict.fromkeys(of_symbol["strategy"]):
        part = rows_of(of_symbol, of_symbol["strategy"] == strategy)
        name = f"{style.file_name(symbol)}_{strategy}.png"
        if draw_strategy(part, parameters, f"{symbol}, {strategy}", luck_of(said, strategy), folder / name):
            drawn.append(name)
    drawn.append(f"{style.file_name(symbol)}_sharpe_ratios.png")
    note, path = why_no_ratio(of_symbol), folder / drawn[-1]
    if note:
        draw_note(note, symbol, path)
    else:
        draw_distribution(of_symbol, f"{symbol}: all {said['trials']:,} trials", path)
    return drawn


def draw_all(folder):
    sweep = style.read(folder / "sweep.parquet")
    parameters = [name for name in sweep if name not in METRICS | {"symbol", "strategy"} and not name.startswith(BY_REGIME)]
    drawn = []
    for said in json.loads((folder / "sweep.json").read_text())["symbols"]:
        drawn += draw_symbol(rows_of(sweep, sweep["symbol"] == said["symbol"]), parameters, said, folder)
    return drawn


if __name__ == "__main__":
    style.run(draw_all, __doc__)
