"""The benchmark beside one peer that batches series: fitting and filtering in fp32, in turn, on the same series, from the
same start, with the same number of EM iterations; medians over rounds. A result that differs from the double reference
or from the peer's log-likelihood by more than 1e-4 fails the run."""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from beside import (TOLERANCE, Peer, check_beside_peer, check_reference, made_scenario, run_ours,  # noqa: E402
                    steps_of)
from result import case, finish  # noqa: E402

MODELS = {"em_batch_k3": "flat", "em_batch_3x3": "hierarchy", "filter_batch": "flat"}


class Side:
    """A device, and the peer's process on it."""

    def __init__(self, peer_name, own_models, device, peer):
        self.peer_name, self.own_models, self.device, self.peer = peer_name, own_models, device, peer

    def measure(self, options, folder):
        ours, theirs = {name: [] for name in options.cases}, {name: [] for name in options.cases}
        for round_number in range(options.rounds):
            for name in options.cases:
                ours[name].append(run_ours(options, folder, name, "float", round_number == 0, self.device))
                theirs[name].append(self.peer.ask(case=name, model=MODELS[name]))
        for name in options.cases:
            check_reference(name, "float", ours[name][0])
            check_beside_peer(name, "float", self.peer_name, ours[name][0], theirs[name][0], self.own_models)
        return ours, theirs

    def cases(self, options, folder, task):
        ours, theirs = self.measure(options, folder)
        suffix = "" if self.device == "cpu" else "_gpu"
        return {name + suffix: case(statistics.median(result["value"] for result in ours[name]),
                                    steps_of(task, name) / statistics.median(r["seconds"] for r in theirs[name]), "steps/s")
                for name in options.cases}


def without_gpu(options):
    """Why our program can use no GPU; empty: it can."""
    done = subprocess.run([options.programs / "bench-hmm", "--device", "cuda", "--case", "filter_batch", "--quick"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0 or "cannot be used" in done.stderr:
        return done.stderr.strip()
    return sys.exit(done.stderr)


def options_of(description, cases):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=cases, default=list(cases))
    parser.add_argument("--quick", action="store_true", help="short series and one round: tries the benchmark itself")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    return options


def run(bench, description, script, own_models=True, gpu=False):
    """own_models: the peer fits a model to every series, as we do. gpu: it runs on one too (argument `cuda`)."""
    options = options_of(description, MODELS)
    with made_scenario(options) as (folder, task):
        with contextlib.closing(Peer(script, folder, options.cores)) as peer:
            cases = Side(bench, own_models, "cpu", peer).cases(options, folder, task)
        reason = without_gpu(options) if gpu else ""
        if reason:
            print(f"on a GPU: skipped, {reason}")
            cases.update({name + "_gpu": None for name in options.cases})
        elif gpu:
            with contextlib.closing(Peer(script, folder, 1, "cuda")) as peer:
                cases.update(Side(bench, own_models, "cuda", peer).cases(options, folder, task))
    print(f"{options.cores} cores, fp32, medians of {options.rounds} rounds in turn; every result agrees with the double "
          f"reference and with {bench} to {TOLERANCE}")
    return finish(bench, cases)
