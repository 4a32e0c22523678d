#!/usr/bin/env python3
"""Draws the tear sheets of `regent backtest --plots` from what it wrote into a folder.

usage: tear_sheet.py FOLDER

From equity.parquet and backtest.json, for every symbol SYMBOL_tear_sheet.png. Only draws: every number comes from the
command, but for rolling means and monthly sums of its returns.
"""

import json

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch

import style
from style import plt

BARS_DRAWN_MAX = 4000
SHADE = 0.35  # of a regime's colour behind a line
# Of the table by regime: heading, key in backtest.json, and whether it is a fraction; those that a sheet has are shown.
REGIME_COLUMNS = [("return/y", "annual_return", True), ("volatility/y", "annual_volatility", True), ("Sharpe", "sharpe", False),
                  ("Sortino", "sortino", False), ("max drawdown", "drawdown_max", True), ("exposure", "exposure", True)]


def thinned(values, of_stretch=None):
    """At most BARS_DRAWN_MAX values: the last of each stretch of bars, or what the ufunc `of_stretch` makes of it."""
    step = -(-len(values) // BARS_DRAWN_MAX)
    firsts = np.arange(0, len(values), step)
    if of_stretch is None:
        return values[np.minimum(firsts + step, len(values)) - 1]
    return of_stretch.reduceat(values, firsts)


def rolling(values, window):
    """Mean of the last `window` values; NaN before."""
    sums = np.cumsum(np.r_[0.0, values])
    out = np.full(len(values), np.nan)
    out[window - 1:] = (sums[window:] - sums[:-window]) / window
    return out


def held(own, sheet):
    """[bars] whether a position was held at any time of the bar: an exit's bar has none at its close, nor has a bar
    that a stop ends in which it began."""
    bars = own["side"] != 0
    for trade in sheet.get("trade_list", []):
        bars[trade["entry_bar"]:trade["exit_bar"] + 1] = True
    return bars


def text_of(value, fraction):
    if value is None:
        return "–"
    return f"{100 * value:,.1f} %" if fraction else f"{value:.2f}"


def headline(sheet):
    shown = [("return", "total_return", True), ("buy and hold", "buy_and_hold", True), ("return/y", "annual_return", True),
             ("volatility/y", "annual_volatility", True), ("Sharpe", "sharpe", False), ("max drawdown", "drawdown_max", True),
             ("exposure", "exposure", True), ("mean gross exposure", "gross_exposure", True)]
    texts = [f"{name} {text_of(sheet[key], fraction)}" for name, key, fraction in shown if key in sheet]
    if "trades" in sheet:
        texts.append(f"{sheet['trades']:,.0f} trades" if sheet["trades"] else "no trades")
    return ", ".join(texts)


def shade(axis, own, labels):
    """Colours the background by regime; returns the patches of a legend."""
    edges, regimes = style.dominant(own["timestamp"], own["regime"])
    style.shade_regimes(axis, edges, regimes, labels, alpha=SHADE)
    return [Patch(color=style.regime_colour(label, i), alpha=SHADE, label=label) for i, label in enumerate(labels)]


def scale(axis, *lines):
    low, high = min(np.min(line) for line in lines), max(np.max(line) for line in lines)
    if low > 0:
        style.log_scale(axis, low, high)
    return ", log" if low > 0 else ""


def draw_price(axis, own, labels):
    axis.plot(thinned(own["timestamp"]), thinned(own["close"]), color=style.POLICY, linewidth=0.8)
    axis.set_ylabel(f"price{scale(axis, own['close'])}")
    if labels:
        axis.legend(handles=shade(axis, own, labels), ncols=8, loc="upper left")


def draw_equity(axis, own, labels, sheet, benchmark):
    time = thinned(own["timestamp"])
    equity, hold = own["equity"] / own["equity"][0], own["close"] / own["close"][0]
    axis.plot(time, thinned(hold), color=style.HOLD, linewidth=0.8, label=benchmark)
    axis.plot(time, thinned(equity), color=style.POLICY, linewidth=1, label=sheet["strategy"])
    axis.set_ylabel(f"equity, start = 1{scale(axis, equity, hold)}")
    handles = axis.get_legend_handles_labels()[0][::-1]
    if labels:
        handles += shade(axis, own, labels)
    axis.legend(handles=handles, ncols=8, loc="upper left")


def draw_drawdown(axis, own):
    drawdown = 100 * (own["equity"] / np.maximum.accumulate(own["equity"]) - 1)
    axis.fill_between(thinned(own["timestamp"]), thinned(drawdown, np.minimum), 0, color="#D55E00", alpha=0.6, linewidth=0)
    axis.set_ylabel("drawdown, %")


def draw_rolling(axis, own, periods):
    window = int(min(max(20, periods / 4), max(2, len(own["equity"]) // 4)))
    returns = own["net_return"].astype(float)
    mean = rolling(returns, window)
    deviation = np.sqrt(np.maximum(rolling(returns**2, window) - mean**2, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(deviation > 0, mean / deviation * np.sqrt(periods), np.nan)
    time = thinned(own["timestamp"])
    axis.plot(time, thinned(sharpe), color=style.POLICY, linewidth=0.9)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_ylabel(f"Sharpe ratio,\n{window:,} bars")
    twin = axis.twinx()
    twin.plot(time, thinned(100 * deviation * np.sqrt(periods)), color="#0072B2", linewidth=0.7, alpha=0.7)
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
            axis.text(column, row, f"{round(value, 1) + 0.0:.1f}", ha="center", va="center", fontsize=6,
                      color="white" if abs(value) > 0.6 * limit else "black")
    axis.set_xticks(range(12), ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"])
    axis.set_yticks(range(len(grid)), [str(1970 + first + row) for row in range(len(grid))])
    axis.grid(False)
    axis.set_title("monthly returns, %")


def draw_distribution(axis, own, sheet):
    returns = 100 * own["net_return"][held(own, sheet)].astype(float)
    axis.set_title("returns of bars with a position, %")
    if len(returns) == 0:
        axis.text(0.5, 0.5, "no position was ever held", ha="center", va="center", transform=axis.transAxes)
        return axis.set(xticks=[], yticks=[])
    axis.hist(returns, bins=80, color=style.SPARE_COLOURS[0])
    axis.axvline(returns.mean(), color="black", linestyle="--", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_ylabel("bars")
    axis.set_xlabel(f"worst {returns.min():.2f}, mean {returns.mean():.3f} (dashed), best {returns.max():.2f}")


def draw_costs(axis, sheet):
    kinds = ["fees", "slippage"]
    values = [100 * sheet[kind] for kind in kinds]
    bars = axis.bar(kinds, values, color=style.SPARE_COLOURS[:2], width=0.6)
    axis.bar_label(bars, [f"{value:.1f} %" for value in values], padding=2)
    axis.set_ylim(0, 1.12 * max(values) or 1)
    axis.set_title(f"costs, % of {sheet.get('costs_of', 'the start cash')}")


def draw_regimes(axis, rows):
    lengths = [row["bars"] if "bars" in row else row["periods"] for row in rows]
    columns = [column for column in REGIME_COLUMNS if column[1] in rows[0]]
    cells = [[row["label"], f"{length:,.0f}", text_of(length / max(1, sum(lengths)), True),
              *(text_of(row[key], fraction) for _, key, fraction in columns)] for row, length in zip(rows, lengths)]
    heading = ["regime known before the bar", "bars", "of time", *(name for name, _, _ in columns)]
    table = axis.table(cells, colLabels=heading, loc="center", cellLoc="right", edges="horizontal", bbox=(0, 0, 1, 1),
                       colWidths=[2.2] + [1] * (len(heading) - 1))
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("#CCCCCC")
        if column == 0:
            cell.set_text_props(ha="left")
        if column == 0 and row > 0:
            cell.visible_edges = "closed"
            cell.set_facecolor(to_rgba(style.regime_colour(rows[row - 1]["label"], row - 1), SHADE))
    axis.axis("off")


def draw_over_time(axes, own, sheet):
    """Panels that share the axis of time, from the top."""
    labels = sheet["labels"]
    portfolio = "equal_weights_held" in sheet  # it has no price of its own
    if not portfolio:
        draw_price(axes[0], own, labels)
    draw_equity(axes[-3], own, labels, sheet, "equal weights held" if portfolio else "buy and hold")
    draw_drawdown(axes[-2], own)
    draw_rolling(axes[-1], own, sheet["periods_per_year"])
    stretch = style.stretch_of(len(own["timestamp"]))
    if labels and stretch > 1:
        axes[0].set_title(f"behind the lines: the most frequent regime of every {stretch:,} bars", loc="right", fontsize=8)
    axes[0].set_xlim(own["timestamp"][0], own["timestamp"][-1])
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)


def draw_sheet(own, sheet, path):
    over_time = [1.8, 2.2, 1, 1] if "equal_weights_held" not in sheet else [2.6, 1, 1]
    years = np.ptp(own["timestamp"][[0, -1]].astype("datetime64[Y]").astype(int)) + 1
    regimes = sheet.get("regimes", [])
    heights = [*over_time, max(2.4, 0.12 * min(years, 40)), *([0.24 * (len(regimes) + 1)] if regimes else [])]
    figure = plt.figure(figsize=(11, 1.35 * sum(heights)), layout="constrained")
    figure.suptitle(f"{sheet['symbol']}: {sheet['strategy']} {sheet['parameters']}\n{headline(sheet)}", x=0.01, ha="left", fontsize=10)
    grid = figure.add_gridspec(len(heights), 3, height_ratios=heights)
    top = figure.add_subplot(grid[0, :])
    rest = [figure.add_subplot(grid[row, :], sharex=top) for row in range(1, len(over_time))]
    draw_over_time([top, *rest], own, sheet)
    draw_months(figure.add_subplot(grid[len(over_time), 0]), own)
    draw_distribution(figure.add_subplot(grid[len(over_time), 1]), own, sheet)
    draw_costs(figure.add_subplot(grid[len(over_time), 2]), sheet)
    if regimes:
        draw_regimes(figure.add_subplot(grid[len(over_time) + 1, :]), regimes)
    style.save(figure, path)


def draw_all(folder):
    equity = style.read(folder / "equity.parquet")
    equity["timestamp"] = equity["timestamp"].astype("datetime64[ms]")
    drawn = []
    for sheet in json.loads((folder / "backtest.json").read_text())["symbols"]:
        rows = equity["symbol"] == sheet["symbol"]
        own = {name: values[rows] for name, values in equity.items()}
        drawn.append(f"{style.file_name(sheet['symbol'])}_tear_sheet.png")
        draw_sheet(own, sheet, folder / drawn[-1])
    return drawn


if __name__ == "__main__":
    style.run(draw_all, __doc__)
