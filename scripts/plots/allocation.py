#!/usr/bin/env python3
"""Draws weights.png, risk.png and, of a walk forward, volatility.png, from what `regent allocate --plots FOLDER` wrote;
cov_matrix.png and eigen_spectrum.png as covariance.py does.

usage: allocation.py FOLDER

Only draws: every number comes from the command.
"""

import json

import numpy as np
import pyarrow.parquet as parquet

import covariance
import style
from style import plt

SYMBOLS_DRAWN = 10
VOLATILITY_BARS = 63
PICTURES = ["weights.png", "risk.png", "volatility.png", "cov_matrix.png", "eigen_spectrum.png"]


def read(path):
    table = parquet.read_table(path)
    times = np.array(table.column("timestamp").to_pylist(), dtype="datetime64[ms]")
    names = [name for name in table.column_names if name not in ("timestamp", "regime")]
    return times, names, np.array([table.column(name).to_pylist() for name in names], dtype=float).T, table


def draw_weights(folder, said):
    """The largest positions by their mean size, the others together; longs above 0, shorts below."""
    times, names, weights, table = read(folder / "weights.parquet")
    if len(times) < 2:
        times, weights = np.array([times[0], times[0] + np.timedelta64(1, "D")]), np.repeat(weights, 2, axis=0)
    order = np.argsort(-np.abs(weights).mean(axis=0), kind="stable")
    shown, others = order[:SYMBOLS_DRAWN], order[SYMBOLS_DRAWN:]
    figure, axes = plt.subplots(2, 1, figsize=(10, 6.4), sharex=True, height_ratios=[2, 1], layout="constrained")
    colours = list(plt.get_cmap("tab10").colors[:len(shown)]) + ["#cccccc"]
    labels = [names[i] for i in shown] + [f"{len(others)} others"]
    parts = [weights[:, [i]] for i in shown] + [weights[:, others]]
    if not len(others):
        parts, labels = parts[:-1], labels[:-1]
    axes[0].stackplot(times, [np.clip(part, 0, None).sum(axis=1) for part in parts], colors=colours, labels=labels, step="post")
    axes[0].stackplot(times, [np.clip(part, None, 0).sum(axis=1) for part in parts], colors=colours, step="post")
    axes[0].axhline(0, color="black", linewidth=0.6)
    axes[0].set_ylabel("weight, fraction of equity")
    axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    axes[0].set_title(f"{said['method']}: weights over time")
    axes[1].step(times, np.abs(weights).sum(axis=1), where="post", color=style.POLICY, label="gross Σ|w|")
    axes[1].step(times, weights.sum(axis=1), where="post", color=style.UNGATED, label="net Σw")
    axes[1].set_ylabel("exposure")
    axes[1].legend(loc="upper left")
    if "regime" in table.column_names:
        regimes = table.column("regime").to_pylist()
        if len(regimes) == len(times):
            style.shade_regimes(axes[1], times, regimes, sorted(set(regimes) - {""}))
    style.finish(figure, axes, folder / "weights.png")


def bars(axis, names, values, title):
    places = np.arange(len(names))[::-1]
    axis.barh(places, values, color=["#0072B2" if value >= 0 else "#D55E00" for value in values])
    axis.set_yticks(places, names, fontsize=7)
    axis.axvline(0, color="black", linewidth=0.6)
    axis.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axis.set_title(title)


def draw_risk(folder, said):
    risk = said["risk"]
    shares = np.array(risk["by_asset"])
    largest = np.argsort(-np.abs(shares), kind="stable")[:20]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    bars(left, [said["weights"][i]["symbol"] for i in largest], shares[largest],
         f"share of variance by asset ({len(largest)} largest of {np.count_nonzero(shares)})")
    modes = np.array(risk["by_mode"])[:20]
    bars(right, [str(k + 1) for k in range(len(modes))], modes,
         f"by eigen-mode: {risk['effective_bets']:.2f} effective bets")
    right.set_ylabel("mode")
    style.save(figure, folder / "risk.png")


def rolling_volatility(returns, per_year):
    first = np.cumsum(np.concatenate([[0.0], returns]))
    second = np.cumsum(np.concatenate([[0.0], returns**2]))
    n = VOLATILITY_BARS
    mean = (first[n:] - first[:-n]) / n
    variance = (second[n:] - second[:-n]) / n - mean**2
    return np.sqrt(np.clip(variance, 0, None) * n / (n - 1) * per_year)


def draw_volatility(folder, said):
    times, names, returns, _ = read(folder / "returns.parquet")
    if len(times) <= VOLATILITY_BARS:
        return
    figure, axis = plt.subplots(figsize=(10, 4.2), layout="constrained")
    for k, entry in enumerate(said["walk_forward"]):
        main, whole = k == 0, entry["fully_invested"]
        colour = style.POLICY if main else style.SPARE_COLOURS[(k - 1) // 2 % len(style.SPARE_COLOURS)]
        axis.plot(times[VOLATILITY_BARS - 1:], rolling_volatility(returns[:, k], said["periods_per_year"]), color=colour,
                  linewidth=1.6 if main else 0.8, linestyle=":" if whole else "-", zorder=3 if main else 2,
                  label=f"{names[k]}: {100 * entry['annual_volatility']:.1f} %")
    axis.axhline(said["target_volatility"], color="#D55E00", linestyle="--", linewidth=1, label="target")
    axis.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axis.set_ylabel(f"volatility p.a. of {VOLATILITY_BARS} periods")
    axis.set_title("realised volatility beside the target; dotted: fully invested")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    style.finish(figure, [axis], folder / "volatility.png")


def draw_all(folder):
    said = json.loads((folder / "allocation.json").read_text())
    matrix = json.loads((folder / "covariance.json").read_text())
    for name in PICTURES:
        (folder / name).unlink(missing_ok=True)  # an earlier run's would not belong to the others
    draw_weights(folder, said)
    if said["risk"] is not None:
        draw_risk(folder, said)
    if "walk_forward" in said:
        draw_volatility(folder, said)
    if matrix["correlation_spectrum"] is not None:
        covariance.draw_matrix(matrix, folder / "cov_matrix.png")
        covariance.draw_spectrum(matrix, folder / "eigen_spectrum.png")
    return [name for name in PICTURES if (folder / name).exists()]


if __name__ == "__main__":
    style.run(draw_all, __doc__)
