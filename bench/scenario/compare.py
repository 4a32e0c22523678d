"""Paths of 16 assets through regimes and jumps, with a rebalanced portfolio, beside the same model in vectorised NumPy
(float32, one process: NumPy runs on one core), in turn; medians over rounds. Means of both sides must agree within four
standard errors: the time of a wrong result means nothing. The floor is what Philox and the normals alone take. scenario_16_own: own
shocks have volatilities of their own."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import numpy as np  # noqa: E402

import peer  # noqa: E402
from result import case, finish  # noqa: E402

STEPS = 252
RATE = 0.00125  # fee and slippage of bench/scenario/law.hpp


def last_json(command):
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def check_agreement(ours, theirs, paths):
    equity, drawdown, turnover = theirs
    for name, sample, mean in (("equity", equity, ours["mean_equity"]), ("drawdown", drawdown, ours["mean_drawdown"]),
                               ("turnover", turnover, ours["mean_turnover"])):
        error = sample.std() * np.sqrt(1 / len(sample) + 1 / paths)
        if not abs(sample.mean() - mean) <= 4 * error:
            sys.exit(f"mean {name}: {mean} and {sample.mean()} differ by more than four standard errors of {error:.3g}")


def cpu_case(program, flags, must, rounds, paths, peer_paths):
    """One law on both sides, and the ceiling of its random numbers, in turn."""
    law = last_json([program, "--case", "law", *flags])
    ours, theirs, ceilings = [], [], []
    for round_number in range(rounds):
        ours.append(last_json([program, *flags, "--paths", paths, "--repeats", 3]))
        ceilings.append(last_json([program, "--case", "ceiling", "--paths", paths, "--repeats", 3])["value"])
        began = time.perf_counter()
        result = peer.run(law, peer_paths, STEPS, RATE, seed=round_number + 1)
        theirs.append(peer_paths * STEPS / (time.perf_counter() - began))
        check_agreement(ours[-1], result, paths)
    value, ceiling = statistics.median(one["value"] for one in ours), statistics.median(ceilings)
    return case(value, statistics.median(theirs), "path-steps/s", ceiling, **must)


def gpu_case(program, quick):
    paths = 20_000 if quick else 1_000_000
    done = subprocess.run([program, "--device", "cuda", "--paths", str(paths)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if "cannot be used" in done.stderr:
        print(f"gpu_scenario_1m: skipped, {done.stderr.strip()}")
        return None
    if done.returncode != 0:
        sys.exit(done.stderr)
    seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
    return case(seconds * 1e3, None, "ms", better="lower", **({} if quick else {"limit": 60}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few paths and one round: tries the benchmark itself")
    parser.add_argument("--known-answers", action="store_true", help="closed forms at 10^7 paths instead (minutes)")
    options = parser.parse_args()
    program = options.programs / "bench-scenario"
    if options.known_answers:
        return subprocess.run([program, "--case", "known_answers", "--paths", "10000000"]).returncode
    rounds, paths, peer_paths = (1, 4_000, 2_048) if options.quick else (options.rounds, 40_000, 8_192)
    must = {} if options.quick else {"must": 12}
    cases = {"scenario_16": cpu_case(program, [], must, rounds, paths, peer_paths),
             "scenario_16_own": cpu_case(program, ["--own-volatility"], {}, rounds, paths, peer_paths),
             "gpu_scenario_1m": gpu_case(program, options.quick)}
    shares = ", ".join(f"{name} {one['ours'] / one['floor']:.0%}" for name, one in cases.items() if one and one["floor"])
    print(f"medians of {rounds} rounds in turn; of the ceiling of random numbers alone: {shares}")
    return finish("scenario", cases)


if __name__ == "__main__":
    sys.exit(main())
