#!/usr/bin/env python3
"""Draws the pictures of `regent sweep --plots` and `regent backtest --plots` from what they wrote into a folder.

usage: strategies.py FOLDER

From sweep.parquet: a heat map of the Sharpe ratio for every symbol and strategy with two swept parameters or more (over
the two with most values; the best over all others), a curve for one, and the distribution of all Sharpe ratios.
From equity.parquet and backtest.json: a tear sheet for every symbol. Only draws: every number comes from the command, but
for rolling means and monthly sums of its returns.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow.parquet as parquet
from matplotlib.patches import Patch

import style
from style import plt

METRICS = {"total_return", "annual_return", "annual_volatility", "sharpe", "sortino", "drawdown_max", "win_rate",
           "profit_factor", "exposure", "turnover", "trades", "fees", "slippage"}
BY_REGIME = ("sharpe_", "annual_return_", "exposure_")
BARS_DRAWN_MAX = 4000


def read(path):
    table = parquet.read_table(path)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def file_name(symbol):
    escaped = [f"%{ord(c):02X}" if c in "/%" or ord(c) < 32 or (c == "." and i == 0) else c for i, c in enumerate(symbol)]
    return "".join(escaped)


def save(figure, path):
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


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


def draw_heat_map(part, names, title, path):
    # the fastest first, so that both axes rise
    names = sorted(names, key=lambda name: -len(np.unique(part[name])))[:2]
    names.sort(key=list(part).index)
    xs, ys = (np.unique(part[name]) for name in names)
    grid = best_over_the_rest(part[names[0]], part[names[1]], part["sharpe"], xs, ys)
    if not np.isfinite(grid).any():
        return False
    limit = np.nanmax(np.abs(grid)) or 1
    figure, axis = plt.subplots(figsize=(7.5, 5.5), layout="constrained")
    picture = axis.imshow(grid, origin="lower", aspect="auto", cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    row, column = np.unravel_index(np.nanargmax(grid), grid.shape)
    axis.plot(column, row, "o", markerfacecolor="none", markeredgecolor="black", markersize=10)
    ticks(axis.xaxis, xs)
    ticks(axis.yaxis, ys)
    axis.set_xlabel(names[0])
    axis.set_ylabel(names[1])
    axis.grid(False)
    axis.set_title(f"{title}: Sharpe ratio, best {grid[row, column]:.2f} (ringed)")
    figure.colorbar(picture, ax=axis)
    save(figure, path)
    return True


def draw_curve(part, name, title, path):
    order = np.argsort(part[name])
    figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
    axis.plot(part[name][order], part["sharpe"][order], "o-", color=style.POLICY, markersize=3)
    axis.set_xlabel(name)
    axis.set_ylabel("Sharpe ratio")
    axis.set_title(title)
    save(figure, path)


def draw_distribution(sweep, symbol, path):
    rows = sweep["symbol"] == symbol
    figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
    strategies = list(dict.fromkeys(sweep["strategy"][rows]))
    values = [sweep["sharpe"][rows & (sweep["strategy"] == name)] for name in strategies]
    values = [one[np.isfinite(one)] for one in values]
    if not any(len(one) for one in values):
        return plt.close(figure)
    colours = [style.SPARE_COLOURS[i % len(style.SPARE_COLOURS)] for i in range(len(strategies))]
    axis.hist(values, bins=60, stacked=True, color=colours, label=strategies)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_xlabel("Sharpe ratio")
    axis.set_ylabel("combinations")
    axis.set_title(f"{symbol}: all {rows.sum():,} combinations")
    axis.legend(fontsize=7)
    save(figure, path)


def draw_sweep(folder):
    sweep = read(folder / "sweep.parquet")
    parameters = [name for name in sweep if name not in METRICS | {"symbol", "strategy"} and not name.startswith(BY_REGIME)]
    drawn = []
    for symbol in dict.fromkeys(sweep["symbol"]):
        of_symbol = sweep["symbol"] == symbol
        for strategy in dict.fromkeys(sweep["strategy"][of_symbol]):
            rows = of_symbol & (sweep["strategy"] == strategy)
            part = {name: sweep[name][rows] for name in [*parameters, "sharpe"]}
            swept = [name for name in parameters if len(np.unique(part[name][~np.isnan(part[name])])) > 1]
            name = f"{file_name(symbol)}_{strategy}.png"
            title = f"{symbol}, {strategy}"
            if len(swept) >= 2 and draw_heat_map(part, swept, title, folder / name):
                drawn.append(name)
            elif len(swept) == 1:
                draw_curve(part, swept[0], title, folder / name)
                drawn.append(name)
        draw_distribution(sweep, symbol, folder / f"{file_name(symbol)}_sharpe_ratios.png")
        drawn.append(f"{file_name(symbol)}_sharpe_ratios.png")
    return drawn


def rolling(values, window):
    """Mean of the last `window` values; NaN before."""
    sums = np.cumsum(np.r_[0.0, values])
    out = np.full(len(values), np.nan)
    out[window - 1:] = (sums[window:] - sums[:-window]) / window
    return out


def thin(*arrays):
    step = max(1, -(-len(arrays[0]) // BARS_DRAWN_MAX))
    return [array[::step] for array in arrays]


def draw_equity(axes, own, labels, sheet):
    equity_axis, drawdown_axis = axes
    time, equity, close = thin(own["timestamp"], own["equity"], own["close"])
    if labels:
        style.shade_regimes(equity_axis, time, thin(own["regime"])[0], labels)
    equity_axis.plot(time, equity / own["equity"][0], color=style.POLICY, linewidth=1, label=sheet["strategy"])
    equity_axis.plot(time, close / own["close"][0], color=style.HOLD, linewidth=0.8, label="buy and hold")
    if min(equity.min(), close.min()) > 0:
        equity_axis.set_yscale("log")
        equity_axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        equity_axis.yaxis.set_minor_formatter(lambda value, _: "")
    equity_axis.set_ylabel("equity, start = 1")
    handles, names = equity_axis.get_legend_handles_labels()
    handles += [Patch(color=style.regime_colour(label, i), alpha=0.4, label=label) for i, label in enumerate(labels)]
    equity_axis.legend(handles=handles, ncols=4, loc="upper left")
    equity_axis.set_title(f"{sheet['symbol']}: {sheet['strategy']} {sheet['parameters']}")
    peak = np.maximum.accumulate(own["equity"])
    drawdown = thin(own["equity"] / peak - 1)[0]
    drawdown_axis.fill_between(time, 100 * drawdown, 0, color="#D55E00", alpha=0.6, linewidth=0)
    drawdown_axis.set_ylabel("drawdown, %")


def draw_rolling(axis, own, periods):
    window = int(min(max(20, periods / 4), max(2, len(own["equity"]) // 4)))
    returns = own["net_return"].astype(float)
    mean = rolling(returns, window)
    deviation = np.sqrt(np.maximum(rolling(returns**2, window) - mean**2, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(deviation > 0, mean / deviation * np.sqrt(periods), np.nan)
    time, sharpe, deviation = thin(own["timestamp"], sharpe, deviation)
    axis.plot(time, sharpe, color=style.POLICY, linewidth=0.9)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_ylabel(f"Sharpe ratio,\n{window} bars")
    twin = axis.twinx()
    twin.plot(time, 100 * deviation * np.sqrt(periods), color="#0072B2", linewidth=0.7, alpha=0.7)
    twin.set_ylabel("volatility/y, %", color="#0072B2")
    twin.grid(False)


def draw_months(axis, own):
    months = own["timestamp"].astype("datetime64[M]").astype(int)
    growth = np.log1p(np.maximum(own["net_return"].astype(float), -1 + 1e-12))
    first, last = months[0] // 12, months[-1] // 12
    grid = np.full((last - first + 1, 12), np.nan)
    for month in np.unique(months):
        grid[month // 12 - first, month % 12] = 100 * np.expm1(growth[months == month].sum())
    limit = np.nanmax(np.abs(grid)) or 1
    axis.imshow(grid, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value) and len(grid) <= 40:
            axis.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=6,
                      color="white" if abs(value) > 0.6 * limit else "black")
    axis.set_xticks(range(12), ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"])
    axis.set_yticks(range(len(grid)), [str(1970 + first + row) for row in range(len(grid))])
    axis.grid(False)
    axis.set_title("monthly returns, %")


def draw_distribution_of_returns(axis, own):
    returns = 100 * own["net_return"][own["side"] != 0].astype(float)
    if len(returns) > 1:
        low, high = np.percentile(returns, [0.5, 99.5])
        axis.hist(np.clip(returns, low, high), bins=60, color=style.SPARE_COLOURS[0])
        axis.axvline(returns.mean(), color="black", linestyle="--", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_title("returns of bars with a position, %")


def draw_regimes(axis, sheet, labels):
    rows = sheet.get("regimes", [])
    costs_of = sheet.get("costs_of", "the start cash")
    if not rows:
        axis.bar(["fees", "slippage"], [100 * sheet["fees"], 100 * sheet["slippage"]], color=style.SPARE_COLOURS[:2])
        axis.set_title(f"costs, % of {costs_of}")
        return
    colours = [style.regime_colour(row["label"], i) for i, row in enumerate(rows)]
    axis.bar([row["label"] for row in rows], [row["sharpe"] or 0 for row in rows], color=colours)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_title(f"Sharpe ratio by regime; costs {100 * (sheet['fees'] + sheet['slippage']):.1f} % of {costs_of}")


def draw_sheet(own, sheet, path):
    labels = sheet["labels"]
    figure = plt.figure(figsize=(11, 11), layout="constrained")
    grid = figure.add_gridspec(4, 3, height_ratios=[2.2, 1, 1, 1.6])
    top = figure.add_subplot(grid[0, :])
    below = [figure.add_subplot(grid[row, :], sharex=top) for row in (1, 2)]
    draw_equity([top, below[0]], own, labels, sheet)
    draw_rolling(below[1], own, sheet["periods_per_year"])
    top.margins(x=0)
    draw_months(figure.add_subplot(grid[3, 0]), own)
    draw_distribution_of_returns(figure.add_subplot(grid[3, 1]), own)
    draw_regimes(figure.add_subplot(grid[3, 2]), sheet, labels)
    save(figure, path)


def draw_backtests(folder):
    equity = read(folder / "equity.parquet")
    equity["timestamp"] = equity["timestamp"].astype("datetime64[ms]")
    drawn = []
    for sheet in json.loads((folder / "backtest.json").read_text())["symbols"]:
        rows = equity["symbol"] == sheet["symbol"]
        own = {name: values[rows] for name, values in equity.items()}
        name = f"{file_name(sheet['symbol'])}_tear_sheet.png"
        draw_sheet(own, sheet, folder / name)
        drawn.append(name)
    return drawn


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    drawn = []
    if (folder / "sweep.parquet").exists():
        drawn += draw_sweep(folder)
    if (folder / "backtest.json").exists():
        drawn += draw_backtests(folder)
    if not drawn:
        sys.exit(f"{folder}: neither sweep.parquet nor backtest.json; regent sweep and backtest write them with --plots")
    print(f"  drew {len(drawn)} pictures in {folder}: {', '.join(drawn[:8])}{' …' if len(drawn) > 8 else ''}")


if __name__ == "__main__":
    main()
