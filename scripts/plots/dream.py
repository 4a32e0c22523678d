#!/usr/bin/env python3
"""Draws the pictures of `regent dream` from what it wrote into a folder.

usage: dream.py FOLDER

From fan.parquet, dream.parquet, report.json and regimes.parquet: fan.png (equity over time), distributions.png (profits
and deepest drawdowns), regimes.png (mix over time), facts.png (stylised facts and strategy tails, history beside dream).
Only draws: every number comes from the command.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow.parquet as parquet

import style
from style import plt

SCENARIOS_DRAWN_MAX = 6


def read(path):
    table = parquet.read_table(path)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def colour_of(index):
    return "#000000" if index == 0 else style.SPARE_COLOURS[(index - 1) % len(style.SPARE_COLOURS)]


def most_telling(report):
    """The baseline, then the stresses by the harm they do."""
    stresses = report["stresses"]
    rest = sorted(stresses[1:], key=lambda s: -s["risk"][1]["expected_shortfall"])
    return [stresses[0]["name"], *(s["name"] for s in rest)][:SCENARIOS_DRAWN_MAX]


def draw_fan(folder, names):
    fan = read(folder / "fan.parquet")
    figure, axes = plt.subplots(1, len(names), figsize=(max(6, 3.3 * len(names)), 3.6), sharey=True, squeeze=False,
                                layout="constrained")
    for axis, (i, name) in zip(axes[0], enumerate(names)):
        rows = fan["stress"] == name
        steps = fan["step"][rows] + 1
        axis.fill_between(steps, fan["q05"][rows], fan["q95"][rows], color=colour_of(i), alpha=0.15, linewidth=0, label="5–95 %")
        axis.fill_between(steps, fan["q25"][rows], fan["q75"][rows], color=colour_of(i), alpha=0.3, linewidth=0, label="25–75 %")
        axis.plot(steps, fan["q50"][rows], color=colour_of(i), linewidth=1.2, label="median")
        axis.axhline(1, color="grey", linewidth=0.6)
        axis.set_title(name)
        axis.set_xlabel("bar")
        axis.margins(x=0)
    axes[0][0].set_ylabel("equity, 1 at the start")
    axes[0][0].legend(loc="upper left")
    figure.savefig(folder / "fan.png", bbox_inches="tight")
    plt.close(figure)


def draw_distributions(folder, names, report):
    dream = read(folder / "dream.parquet")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    chosen = {name: dream["scenario"] == name for name in names}
    everything = np.concatenate([dream["profit"][rows] for rows in chosen.values()])
    edges = np.linspace(*np.quantile(everything, [0.001, 0.999]), 80) if np.ptp(everything) > 0 else 10
    for i, (name, rows) in enumerate(chosen.items()):
        left.hist(dream["profit"][rows], bins=edges, density=True, histtype="step", color=colour_of(i), label=name)
        depth = np.sort(dream["drawdown_max"][rows])
        right.plot(depth, 1 - np.arange(len(depth)) / len(depth), color=colour_of(i), label=name)
    es = report["stresses"][0]["risk"][1]
    left.axvline(-es["value_at_risk"], color="black", linestyle="--", linewidth=0.8, label="baseline VaR 99 %")
    left.axvline(-es["expected_shortfall"], color="black", linestyle=":", linewidth=1, label="baseline ES 99 %")
    left.set_xlabel("profit of the whole path, fraction of equity")
    left.set_ylabel("density")
    left.set_title("Profits")
    left.legend(fontsize=7)
    right.set_yscale("log")
    right.set_xlabel("deepest drawdown")
    right.set_ylabel("share of paths at least as deep")
    right.set_title("Drawdowns")
    figure.savefig(folder / "distributions.png", bbox_inches="tight")
    plt.close(figure)


def draw_mix(folder):
    mix = read(folder / "regimes.parquet")
    steps = mix.pop("step") + 1
    names = list(mix)
    macros = list(dict.fromkeys(name.rstrip("0123456789").strip() for name in names))
    shades = {}
    for i, name in enumerate(names):
        macro = name.rstrip("0123456789").strip()
        base = style.regime_colour(macro, macros.index(macro)) if macro in style.REGIME_COLOURS else style.SPARE_COLOURS[i % 8]
        shades[name] = (base, 1 - 0.25 * (sum(other.startswith(macro) for other in names[:i]) % 4))
    figure, axis = plt.subplots(figsize=(9, 3.6), layout="constrained")
    below = np.zeros(len(steps))
    for name in names:
        axis.fill_between(steps, below, below + mix[name], color=shades[name][0], alpha=shades[name][1], linewidth=0, label=name)
        below = below + mix[name]
    axis.set_ylim(0, 1)
    axis.margins(x=0)
    axis.set_xlabel("bar")
    axis.set_ylabel("share of paths")
    axis.set_title("Regimes of the baseline")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(folder / "regimes.png", bbox_inches="tight")
    plt.close(figure)


def draw_facts(folder, report):
    """Every fact on a scale of its own: the band of 95 % of dreams is from 0 to 1."""
    groups = [("Stylised facts", report["stylised_facts"]), ("Tails of strategies", report["strategy_tails"])]
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for axis, (title, rows) in zip(axes, groups):
        rows = [row for row in rows if row["real"] is not None and row["band"][0] is not None and row["band"][1] > row["band"][0]]
        for i, row in enumerate(rows):
            low, high = row["band"]
            place = lambda value: (value - low) / (high - low)  # noqa: E731
            axis.plot([0, 1], [i, i], color="#56B4E9", linewidth=5, alpha=0.5, solid_capstyle="butt")
            axis.plot(place(row["dreamed"]), i, "|", color="#0072B2", markersize=10)
            spot = np.clip(place(row["real"]), -1.5, 2.5)
            axis.plot(spot, i, "o", color="black" if row["within"] else "#D55E00", markersize=5)
        axis.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=8)
        axis.set_xticks([0, 1], ["2.5 %", "97.5 %"])
        axis.set_xlim(-1.6, 2.6)
        axis.invert_yaxis()
        axis.set_title(f"{title}: history (dot) in the band of dreams")
    figure.savefig(folder / "facts.png", bbox_inches="tight")
    plt.close(figure)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    report = json.loads((folder / "report.json").read_text())
    names = most_telling(report)
    draw_fan(folder, names)
    draw_distributions(folder, names, report)
    drawn = ["fan.png", "distributions.png"]
    if (folder / "regimes.parquet").exists():
        draw_mix(folder)
        drawn.append("regimes.png")
    if report["stylised_facts"]:
        draw_facts(folder, report)
        drawn.append("facts.png")
    print(f"  drew {', '.join(drawn)} in {folder}")


if __name__ == "__main__":
    main()
