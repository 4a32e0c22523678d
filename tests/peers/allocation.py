"""Holds regent allocate against skfolio on the 348-stock panel: the same risk parity weights of the same covariance, and
how close each portfolio's realised volatility comes to the target when it is scaled at the same dates with the same
covariance and costs."""

import argparse
import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from skfolio.moments import LedoitWolf
from skfolio.optimization import RiskBudgeting
from skfolio.prior import EmpiricalPrior

PANEL = "equity_1d/us_equity_adjclose_2000_2021_wide.csv.gz"
WINDOW = 252
DIFFERENCE_MAX = 0.01  # of an equal weight: their solver stops early


def read_panel(path):
    with gzip.open(path, "rt") as lines:
        names = next(lines).strip().split(",")[1:]
        rows = [line.strip().split(",") for line in lines]
    return [row[0] for row in rows], names, np.array([[float(cell) for cell in row[1:]] for row in rows])


def ask(program, path, *arguments):
    command = [program, path, "--walk-forward", "--json", "--position-max", 1, "--gross-max", 4, *arguments]
    return json.loads(subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout)


def skfolio_weights(returns, bars):
    """Of the last WINDOW log returns up to each bar; returns[k] is the one that ends at bar k + 1."""
    model = RiskBudgeting(prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()))
    return np.array([model.fit(returns[bar - WINDOW:bar]).weights_ for bar in bars])


def write_weights(path, times, names, bars, weights):
    with open(path, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["timestamp", *names])
        rows.writerows([times[bar], *map(repr, map(float, row))] for bar, row in zip(bars, weights))


def read_weights(path, names):
    with open(path, newline="") as lines:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(lines)])


def print_lines(title, lines):
    print(f"{title:34} volatility    miss  yearly miss  turnover/y")
    for line in lines:
        print(f"{line['name']:34} {line['annual_volatility']:10.2%} {line['miss']:7.1%} {line['yearly_miss']:12.1%} "
              f"{line['turnover']:11.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--every", type=int, default=5, help="bars between decisions")
    parser.add_argument("--solve", type=int, default=63, help="bars between portfolios of skfolio, which takes seconds for each")
    options = parser.parse_args()
    path = options.data / PANEL
    times, names, closes = read_panel(path)
    bars = range(WINDOW, len(times), options.solve)
    theirs = skfolio_weights(np.diff(np.log(closes), axis=0), bars)
    with tempfile.TemporaryDirectory() as folder:
        own, given = pathlib.Path(folder) / "own.csv", pathlib.Path(folder) / "skfolio.csv"
        ask(options.program, path, "--every", options.solve, "--covariance", "ledoit-wolf-identity", "--window", WINDOW, "--no-denoise",
            "--method", "risk-parity", "--compare", "", "--derisk-from", 1, "--out", own)
        ours = read_weights(own, names)
        ours /= ours.sum(axis=1, keepdims=True)
        difference = np.abs(ours - theirs).max() * len(names)
        print(f"risk parity, {len(theirs)} dates: largest difference {difference:.2g} of an equal weight")
        write_weights(given, times, names, bars, theirs)
        daily = ["--every", options.every, "--covariance", "ewma", "--warmup", WINDOW]
        lines = ask(options.program, path, *daily)["walk_forward"]
        skfolio = ask(options.program, path, *daily, "--method", "given", "--convictions", given, "--compare", "given",
                      "--derisk-from", 1)["walk_forward"]
    lines += [{**line, "name": name} for line, name in zip(skfolio, ("skfolio risk parity, to target", "skfolio risk parity"))]
    print_lines(f"every {options.every} bars", lines)
    sys.exit(bool(difference > DIFFERENCE_MAX))


if __name__ == "__main__":
    main()
