"""Fitting and filtering many series at once beside dynamax (JAX, one process per core that batches with vmap), in turn, on
the same series, from the same start, with the same number of EM iterations, in fp32; medians over rounds.
Compilation is not timed. A result that differs from the double reference or from dynamax's log-likelihood, of every
iteration, by more than 1e-4 fails the run. dynamax knows no hierarchy: it fits the flat model of its states."""

import argparse
import os
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "hmm")]
from beside import (TOLERANCE, check_beside_peer, check_reference, run_ours, scenario_and_peer,  # noqa: E402
                    steps_of)
from result import case, finish  # noqa: E402

MODELS = {"em_batch_k3": "flat", "em_batch_3x3": "hierarchy", "filter_batch": "flat"}


def measure(options, folder, peer):
    ours, theirs = {name: [] for name in options.cases}, {name: [] for name in options.cases}
    for round_number in range(options.rounds):
        for name in options.cases:
            ours[name].append(run_ours(options, folder, name, "float", check=round_number == 0))
            theirs[name].append(peer.ask(case=name, model=MODELS[name]))
    for name in options.cases:
        check_reference(name, "float", ours[name][0])
        check_beside_peer(name, "float", "dynamax", ours[name][0], theirs[name][0])
    return ours, theirs


def case_of(steps, ours, theirs):
    return case(statistics.median(result["value"] for result in ours),
                steps / statistics.median(result["seconds"] for result in theirs), "steps/s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--quick", action="store_true", help="short series and one round: tries the benchmark itself")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    with scenario_and_peer(options, HERE / "peer.py") as (folder, task, peer):
        ours, theirs = measure(options, folder, peer)
    cases = {name: case_of(steps_of(task, name), ours[name], theirs[name]) for name in options.cases}
    print(f"{options.cores} cores, fp32, medians of {options.rounds} rounds in turn; every result agrees with the double "
          f"reference and with dynamax to {TOLERANCE}")
    return finish("dynamax", cases)


if __name__ == "__main__":
    sys.exit(main())
