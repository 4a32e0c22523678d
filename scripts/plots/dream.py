#!/usr/bin/env python3
"""Draws the pictures of `regent dream` from what it wrote into a folder.

usage: dream.py FOLDER

From fan.parquet, dream.parquet, report.json and regimes.parquet: fan.png (equity over time), distributions.png (profits
and deepest drawdowns), regimes.png (mix over time), facts.png (stylised facts and strategy tails, history beside dream).
Only draws: every number comes from the command.
"""

import json
import textwrap

import numpy as np

import style
from style import plt

SCENARIOS_DRAWN_MAX = 24
FANS_IN_A_ROW = 4
LINES = ["-", "--", ":", "-."]


def line_of(index):
    """Hues come again with other dashes."""
    return "-" if index == 0 else LINES[(index - 1) // len(style.SPARE_COLOURS) % len(LINES)]


def most_telling(report):
    """The baseline, then the stresses by the harm they do: those that are drawn, and those that are too many."""
    stresses = report["stresses"]
    rest = sorted(stresses[1:], key=lambda s: -s["risk"][1]["expected_shortfall"])
    names = [stresses[0]["name"], *(s["name"] for s in rest)]
    return names[:SCENARIOS_DRAWN_MAX], names[SCENARIOS_DRAWN_MAX:]


def say_left_out(figure, left_out):
    if left_out:
        text = f"{len(left_out)} scenarios that do less harm are not drawn: {', '.join(left_out)}"
        figure.supxlabel("\n".join(textwrap.wrap(text, int(figure.get_figwidth() * 17))), fontsize=7)


def draw_fan(folder, names, left_out):
    fan = style.read(folder / "fan.parquet")
    columns = min(len(names), FANS_IN_A_ROW)
    rows_of_fans = -(-len(names) // columns)
    figure, axes = plt.subplots(rows_of_fans, columns, figsize=(max(6, 3.3 * columns), 0.4 + 3.2 * rows_of_fans),
                                sharey=True, squeeze=False, layout="constrained")
    for axis in axes.flat[len(names):]:
        axis.set_visible(False)
    for axis, (i, name) in zip(axes.flat, enumerate(names)):
        rows = fan["stress"] == name
        steps = fan["step"][rows] + 1
        axis.fill_between(steps, fan["q05"][rows], fan["q95"][rows], color=style.scenario_colour(i), alpha=0.15, linewidth=0, label="5–95 %")
        axis.fill_between(steps, fan["q25"][rows], fan["q75"][rows], color=style.scenario_colour(i), alpha=0.3, linewidth=0, label="25–75 %")
        axis.plot(steps, fan["q50"][rows], color=style.scenario_colour(i), linewidth=1.2, label="median")
        axis.axhline(1, color="grey", linewidth=0.6)
        axis.set_title(name)
        axis.set_xlabel("bar")
        axis.margins(x=0)
    for row in axes:
        row[0].set_ylabel("equity, 1 at the start")
    say_left_out(figure, left_out)
    axes[0][0].legend(loc="upper left")
    style.save(figure, folder / "fan.png")


def draw_distributions(folder, names, left_out, report):
    dream = style.read(folder / "dream.parquet")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    chosen = {name: dream["scenario"] == name for name in names}
    everything = np.concatenate([dream["profit"][rows] for rows in chosen.values()])
    edges = np.linspace(*np.quantile(everything, [0.001, 0.999]), 80) if np.ptp(everything) > 0 else 10
    for i, (name, rows) in enumerate(chosen.items()):
        left.hist(dream["profit"][rows], bins=edges, density=True, histtype="step", color=style.scenario_colour(i), linestyle=line_of(i), label=name)
        depth = np.sort(dream["drawdown_max"][rows])
        right.plot(depth, 1 - np.arange(len(depth)) / len(depth), color=style.scenario_colour(i), linestyle=line_of(i), label=name)
    es = report["stresses"][0]["risk"][1]
    left.axvline(-es["value_at_risk"], color="black", linestyle="--", linewidth=0.8, label="baseline VaR 99 %")
    left.axvline(-es["expected_shortfall"], color="black", linestyle=":", linewidth=1, label="baseline ES 99 %")
    left.set_xlabel("profit of the whole path, fraction of equity")
    left.set_ylabel("density")
    left.set_title("Profits")
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    say_left_out(figure, left_out)
    right.set_yscale("log")
    right.set_xlabel("deepest drawdown")
    right.set_ylabel("share of paths at least as deep")
    right.set_title("Drawdowns")
    style.save(figure, folder / "distributions.png")


def draw_mix(folder):
    mix = style.read(folder / "regimes.parquet")
    steps = mix.pop("step") + 1
    names = list(mix)
    macros = list(dict.fromkeys(style.macro_of(name) for name in names))
    shades = {}
    for i, name in enumerate(names):
        macro = style.macro_of(name)
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
    style.save(figure, folder / "regimes.png")


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
    style.save(figure, folder / "facts.png")


def draw_all(folder):
    report = json.loads((folder / "report.json").read_text())
    names, left_out = most_telling(report)
    draw_fan(folder, names, left_out)
    draw_distributions(folder, names, left_out, report)
    drawn = ["fan.png", "distributions.png"]
    if (folder / "regimes.parquet").exists():
        draw_mix(folder)
        drawn.append("regimes.png")
    if report["stylised_facts"]:
        draw_facts(folder, report)
        drawn.append("facts.png")
    return drawn


if __name__ == "__main__":
    style.run(draw_all, __doc__)
