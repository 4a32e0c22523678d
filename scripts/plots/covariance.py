#!/usr/bin/env python3
"""Draws cov_matrix.png and eigen_spectrum.png from the covariance.json that `regent covariance --plots FOLDER` wrote,
and absorption.png from the series of spectra where it names one.

usage: covariance.py FOLDER

Only draws: every number comes from the command.
"""

import json

import numpy as np
import pyarrow.parquet as parquet
from matplotlib.ticker import LogLocator, NullFormatter

import style
from style import plt

NAMES_DRAWN_MAX = 40


def numbers(rows):
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


def leaf_order(correlation):
    """Assets by their weight in the largest mode: blocks of what moves together become visible."""
    _, vectors = np.linalg.eigh(correlation)
    return np.lexsort((vectors[:, -1], np.sign(vectors[:, -2] if len(correlation) > 1 else vectors[:, -1])))


def draw_matrix(said, path):
    correlation, names = numbers(said["correlation"]), said["symbols"]
    order = leaf_order(correlation) if len(names) > NAMES_DRAWN_MAX else np.arange(len(names))
    figure, axis = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
    image = axis.imshow(correlation[np.ix_(order, order)], cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    if len(names) <= NAMES_DRAWN_MAX:
        axis.set_xticks(range(len(names)), [names[i] for i in order], rotation=90, fontsize=7)
        axis.set_yticks(range(len(names)), [names[i] for i in order], fontsize=7)
    else:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_xlabel(f"{len(names)} assets, ordered by the two largest modes")
    axis.grid(False)
    figure.colorbar(image, ax=axis, label="correlation", shrink=0.8)
    shrinkage = "" if said["shrinkage"] is None else f", shrinkage {said['shrinkage']:.3f}"
    axis.set_title(f"{said['method']} covariance as correlations, {said['rows']} rows{shrinkage}")
    style.save(figure, path)


def density_of(law, points):
    inside = np.clip((law["upper"] - points) * (points - law["lower"]), 0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.sqrt(inside) / (2 * np.pi * law["q"] * law["variance"] * points))


def draw_spectrum(said, path):
    values, law = np.array(said["correlation_spectrum"]), said["marchenko_pastur"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    # 1 is the smallest correlation eigenvalue that explains more than an asset alone
    edge = law["upper"] if law else 1.0
    drawn = values > 1e-10  # the others are zero but for rounding, or negative
    left.plot(np.arange(1, len(values) + 1)[drawn], values[drawn], "o", markersize=3, color="black")
    style.log_scale(left, values[drawn].min(), values[drawn].max())
    left.set_xscale("log")
    left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    left.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    left.xaxis.set_minor_formatter(NullFormatter())
    left.set_xlabel("mode")
    left.set_ylabel("eigenvalue of the correlation")
    if law:
        left.axhline(edge, color="#D55E00", linestyle="--", linewidth=1, label=f"Marchenko–Pastur edge {edge:.3g}")
        left.legend()
        left.set_title(f"{law['signals']} of {len(values)} eigenvalues above the edge of noise")
    bulk = values[values <= 1.5 * edge]
    right.hist(bulk, bins=min(60, max(5, len(bulk) // 4)), weights=np.full(len(bulk), 1 / len(values)), color="#56B4E9", alpha=0.8)
    if law:
        points = np.linspace(max(law["lower"], 1e-9), law["upper"], 400)
        counts, edges = np.histogram(bulk, bins=min(60, max(5, len(bulk) // 4))) if len(bulk) else (np.array([1]), np.array([0, 1]))
        right.plot(points, density_of(law, points) * (edges[1] - edges[0]), color="#D55E00", label=f"noise of variance {law['variance']:.3f}")
        right.legend()
    right.set_xlabel("eigenvalue")
    right.set_ylabel("share of eigenvalues")
    right.set_title("the bulk, and what noise alone would give")
    style.save(figure, path)


def draw_absorption(path_of_series, path):
    series = parquet.read_table(path_of_series).to_pydict()
    timed = "timestamp" in series
    when = np.array(series["timestamp"], dtype="datetime64[ms]") if timed else np.array(series["row"])
    ratio, rank = (np.array(series[name], dtype=float) for name in ("absorption_ratio", "effective_rank"))
    figure, (above, below) = plt.subplots(2, 1, figsize=(11, 5.5), sharex=True, layout="constrained")
    above.plot(when, 100 * ratio, color="#0072B2", linewidth=0.9)
    above.set_ylabel("absorbed, %")
    above.set_title("share of the variance in the largest fifth of the modes")
    below.plot(when, rank, color="#D55E00", linewidth=0.9)
    below.set_ylabel("effective rank")
    below.set_title("how many equal modes would spread as much")
    if not timed:
        below.set_xlabel("row")
    style.save(figure, path)


def draw_all(folder):
    said = json.loads((folder / "covariance.json").read_text())
    drawn = ["cov_matrix.png", "eigen_spectrum.png"]
    draw_matrix(said, folder / drawn[0])
    draw_spectrum(said, folder / drawn[1])
    absorption = folder / "absorption.png"
    absorption.unlink(missing_ok=True)  # an earlier run's would not belong to the others
    if "spectra_file" in said:
        draw_absorption(folder / said["spectra_file"], absorption)
        drawn.append(absorption.name)
    return drawn


if __name__ == "__main__":
    style.run(draw_all, __doc__)
