"""regent covariance beside scikit-learn and NumPy on real data: the same panel in, the same matrices out.

Prints a table of differences, relative to the largest entry, and fails where one is larger than it may be.
"""

import argparse
import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.covariance import OAS, LedoitWolf

LIMIT = 1e-9
PANEL = "equity_1d/us_equity_adjclose_2000_2021_wide.csv.gz"


def read_panel(path):
    with gzip.open(path, "rt") as lines:
        header = next(lines).rstrip("\n").split(",")[1:]
        return header, np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines])


def constant_correlation(returns):
    """Ledoit & Wolf (2004), Honey, I shrunk the sample covariance matrix, appendix B, as written there."""
    rows, n = returns.shape
    x = returns - returns.mean(axis=0)
    sample = x.T @ x / rows
    deviation = np.sqrt(np.diag(sample))
    mean_correlation = ((sample / np.outer(deviation, deviation)).sum() - n) / (n * (n - 1))
    target = mean_correlation * np.outer(deviation, deviation)
    np.fill_diagonal(target, deviation**2)
    pi = (x**2).T @ (x**2) / rows - sample**2
    theta = (x**3).T @ x / rows - (deviation**2)[:, None] * sample
    np.fill_diagonal(theta, 0)
    rho = np.trace(pi) + mean_correlation * (theta * deviation[None, :] / deviation[:, None]).sum()
    shrinkage = np.clip((pi.sum() - rho) / ((sample - target)**2).sum() / rows, 0, 1)
    return shrinkage * target + (1 - shrinkage) * sample, shrinkage


def two_half_lives(returns, fast, slow):
    def weighted(half_life):
        return np.cov(returns.T, aweights=0.5 ** (np.arange(len(returns))[::-1] / half_life))
    variance, other = weighted(fast), weighted(slow)
    deviation, scale = np.sqrt(np.diag(variance)), np.sqrt(np.diag(other))
    return other / np.outer(scale, scale) * np.outer(deviation, deviation)


def denoised(returns):
    """López de Prado (2020), 2.4 to 2.6, with the misfit as an integral; the law's variance on a fine grid."""
    rows, n = returns.shape
    sample = np.cov(returns.T)
    deviation = np.sqrt(np.diag(sample))
    values, vectors = np.linalg.eigh(sample / np.outer(deviation, deviation))
    q = n / rows

    def misfit(variance):
        low, high = variance * (1 - np.sqrt(q))**2, variance * (1 + np.sqrt(q))**2
        x = np.linspace(low, high, 1000)
        law = np.sqrt(np.clip((high - x) * (x - low), 0, None)) / (2 * np.pi * q * variance * x)
        kernel = np.exp(-0.5 * ((x[:, None] - values) / 0.01)**2).mean(axis=1) / (0.01 * np.sqrt(2 * np.pi))
        return ((law - kernel)**2).sum() * (x[1] - x[0])

    grid = np.linspace(0.01, 0.99, 1961)
    variance = grid[np.argmin([misfit(one) for one in grid])]
    noise = values <= variance * (1 + np.sqrt(q))**2
    values[noise] = values[noise].mean()
    correlation = vectors * values @ vectors.T
    scale = np.sqrt(np.diag(correlation))
    return correlation / np.outer(scale, scale) * np.outer(deviation, deviation), variance, int((~noise).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    names, closes = read_panel(options.data / PANEL)
    order = np.argsort(names)  # a panel's symbols are sorted
    returns = np.diff(np.log(closes[:, order]), axis=0)
    failed = False

    def ask(*arguments):
        done = subprocess.run([options.program, options.data / PANEL, "--json", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        return json.loads(done.stdout)

    def row(what, difference, limit=LIMIT):
        nonlocal failed
        wrong = not difference <= limit
        failed |= wrong
        print(f"{what:<64} {difference:10.2e}  {'WRONG, above' if wrong else 'within'} {limit:g}", flush=True)

    def matrix(what, said, expected):
        row(what, np.abs(np.array(said["covariance"]) - expected).max() / np.abs(expected).max())

    matrix("sample, ddof 1: numpy.cov", ask(), np.cov(returns.T))
    matrix("sample, ddof 0: numpy.cov", ask("--ddof", 0), np.cov(returns.T, ddof=0))
    matrix("rolling, 252 rows: numpy.cov", ask("--method", "rolling", "--window", 252), np.cov(returns[-252:].T))
    matrix("ewma 42: numpy.cov, aweights", ask("--method", "ewma", "--half-life", 42), two_half_lives(returns, 42, 42))
    matrix("ewma 21 and 126: numpy.cov, aweights",
           ask("--method", "ewma", "--half-life", 21, "--half-life-correlation", 126), two_half_lives(returns, 21, 126))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "spectra.csv"
        ask("--method", "rolling", "--window", 252, "--spectra", file, "--modes", 348)
        spectra, worst = list(csv.DictReader(file.open())), 0
        for at in range(0, len(spectra), 97):
            values = np.linalg.eigvalsh(np.cov(returns[at:at + 252].T))[::-1]
            ours = np.array([float(spectra[at][f"eigenvalue_{k + 1}"]) for k in range(len(values))])
            worst = max(worst, np.abs(ours - values).max() / values[0])
        row(f"rolling, 252 rows: numpy.linalg.eigvalsh, {len(spectra)} spectra", worst)
    for method, peer in (("ledoit-wolf-identity", LedoitWolf()), ("oas", OAS())):
        said, theirs = ask("--method", method), peer.fit(returns)
        matrix(f"{method}: scikit-learn", said, theirs.covariance_)
        row(f"{method}: scikit-learn, shrinkage", abs(said["shrinkage"] - theirs.shrinkage_))
    said, (expected, shrinkage) = ask("--method", "ledoit-wolf"), constant_correlation(returns)
    matrix("ledoit-wolf: the paper's formula", said, expected)
    row("ledoit-wolf: the paper's formula, shrinkage", abs(said["shrinkage"] - shrinkage))
    said, (expected, variance, signals) = ask("--method", "denoised"), denoised(returns)
    row("denoised: noise variance on a grid of 0.0005", abs(said["marchenko_pastur"]["variance"] - variance), 5e-4)
    row("denoised: number of signals", abs(said["marchenko_pastur"]["signals"] - signals), 0)
    matrix("denoised: the book's steps", said, expected)
    sys.exit(failed)


if __name__ == "__main__":
    main()
