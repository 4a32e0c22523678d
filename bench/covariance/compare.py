"""Batched eigenproblems beside Eigen on all cores (same flags) and torch.linalg.eigh where the build has it, and
rolling covariances beside a NumPy matrix product per window; in turn, medians over rounds. Eigenvalues and checksums that
disagree fail the run: its time would mean nothing."""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from result import case, finish  # noqa: E402

EIGEN_MUST = {32: 2, 64: 2, 128: 1.3}
PANEL = "equity_1d/us_equity_adjclose_2000_2021_wide.csv.gz"
WINDOW = 252


def last_json(command):
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def peak_flops(cores, bits):
    """Two fused multiply-adds a cycle on the widest registers, at the clock that the kernel names."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    width = 512 if "avx512f" in text else 256 if "avx2" in text else 128
    clock = next(float(line.split(":")[1]) for line in text.splitlines() if line.startswith("cpu MHz"))
    return cores * 2 * 2 * width / bits * clock * 1e6


def torch_seconds(options, size, count, bits):
    program = options.programs / "bench-covariance-torch"
    if not program.exists():
        return None
    return statistics.median(last_json([program, size, count, bits, options.rounds])["seconds"])


def eigen_cases(options):
    cases = {}
    for size, must in EIGEN_MUST.items():
        for bits in (32, 64):
            count = 64 if options.quick else options.count
            said = last_json([options.programs / "bench-covariance", "--case", "eigen", "--size", size, "--count", count,
                              "--rounds", options.rounds, *(["--double"] if bits == 64 else [])])
            if not said["difference"] <= size * np.finfo(f"float{bits}").eps:
                sys.exit(f"eigen_{size}, fp{bits}: eigenvalues differ from Eigen's by {said['difference']:.3g}")
            ours, peer = statistics.median(said["ours"]), statistics.median(said["eigen"])
            # 4/3 n³ to tridiagonalise, as many for the vectors' start, 5 n³ for the rotations (1.7 sweeps a value)
            floor = peak_flops(options.cores, bits) / (23 / 3 * size**3)
            name = f"eigen_{size}" + ("" if bits == 32 else "_fp64")
            limit = {"must": must} if bits == 32 and not options.quick else {}
            cases[name] = case(count / ours, count / peer, "matrices/s", floor, **limit)
            beside = torch_seconds(options, size, count, bits)
            if beside is not None:
                cases[name + "_torch"] = case(count / ours, count / beside, "matrices/s", floor,
                                              **({"must": 1} if bits == 32 and not options.quick else {}))
    return cases


def warm_cases(options):
    """EWMA covariances, one row further: from the decomposition before, beside Eigen and beside our own from the start."""
    cases = {}
    for size, must in EIGEN_MUST.items():
        for bits in (32, 64):
            count = 64 if options.quick else options.count
            said = last_json([options.programs / "bench-covariance", "--case", "eigen", "--warm", "--size", size, "--count", count,
                              "--rounds", options.rounds, *(["--double"] if bits == 64 else [])])
            if not said["difference"] <= size * np.finfo(f"float{bits}").eps:
                sys.exit(f"eigen_{size}_warm, fp{bits}: eigenvalues differ from Eigen's by {said['difference']:.3g}")
            ours, cold, peer = (statistics.median(said[name]) for name in ("ours", "cold", "eigen"))
            # the product that turns the vectors
            floor = peak_flops(options.cores, bits) / (2 * size**3)
            name = f"eigen_{size}_warm" + ("" if bits == 32 else "_fp64")
            limit = {"must": must} if bits == 32 and not options.quick else {}
            cases[name] = case(count / ours, count / peer, "matrices/s", floor, **limit)
            cases[name + "_cold"] = case(count / ours, count / cold, "matrices/s", floor)
    return cases


def returns_of(options):
    path = options.data / PANEL if options.data else None
    if path is not None and path.exists():
        with gzip.open(path, "rt") as lines:
            next(lines)
            closes = np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines])
        return np.diff(np.log(closes), axis=0), path.name
    draw = np.random.default_rng(20260101)
    rows = 5283
    returns = 0.01 * (draw.standard_t(4, size=(rows, 348)) + 0.6 * draw.standard_t(4, size=(rows, 1)))
    return returns, "synthetic, seed 20260101"


def numpy_rolling(returns):
    total = 0.0
    start = time.perf_counter()
    for end in range(WINDOW, len(returns) + 1):
        window = returns[end - WINDOW:end]
        centred = window - window.mean(axis=0)
        matrix = centred.T @ centred
        matrix /= WINDOW - 1
        total += (matrix.sum() + matrix.trace()) / 2
    return time.perf_counter() - start, total


def rolling_cases(options):
    returns, source = returns_of(options)
    if options.quick:
        returns = returns[:600]
    rows, columns = returns.shape
    windows = rows - WINDOW + 1
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "returns.f64"
        np.ascontiguousarray(returns).tofile(file)
        for _ in range(options.rounds):
            said = last_json([options.programs / "bench-covariance", "--case", "rolling", "--values", file, "--rows", rows,
                              "--columns", columns, "--window", WINDOW, "--rounds", 1])
            seconds, total = numpy_rolling(returns)
            if not abs(said["checksum"] - total) <= 1e-9 * abs(total):
                sys.exit(f"rolling_cov_348: checksums {said['checksum']} and {total} differ")
            ours += said["ours"]
            theirs.append(seconds)
    print(f"rolling_cov_348: {source}, {rows} rows × {columns}, {windows} windows")
    # one multiply-add an entry for the row that enters, one for that which leaves
    floor = peak_flops(options.cores, 64) / (4 * columns * (columns + 1) / 2)
    must = {} if options.quick else {"must": 20}
    return {"rolling_cov_348": case(windows / statistics.median(ours), windows / statistics.median(theirs), "windows/s",
                                    floor, **must)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=1000, help="matrices of a batch")
    parser.add_argument("--data", type=pathlib.Path, help=f"folder with {PANEL}; without it returns are drawn")
    parser.add_argument("--quick", action="store_true", help="few matrices and rows, one round: tries the benchmark itself")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    cases = eigen_cases(options)
    if not any(name.endswith("_torch") for name in cases):
        print("torch.linalg.eigh: skipped, the build is without LibTorch")
    cases.update(warm_cases(options))
    cases.update(rolling_cases(options))
    print(f"{options.cores} cores, medians of {options.rounds} rounds in turn")
    return finish("covariance", cases)


if __name__ == "__main__":
    sys.exit(main())
