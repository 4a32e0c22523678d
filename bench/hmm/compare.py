"""Fitting and filtering regimes beside hmmlearn (implementation="scaling", one process per core), in turn, on the same
series and from the same start. Both read the same task file (bench/hmm/peer.py says what is in it) and print
{"fit_s", "forward_s", "log_likelihood"}; the two likelihoods must agree, else the times mean nothing."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from result import case, finish  # noqa: E402

SEED = 20260101


def make_task(folder, series, bars, features, states, iterations, cores):
    """Series that really switch between states, and a start that is near but not at the truth."""
    draw = np.random.default_rng(SEED)
    transition = np.full((states, states), 0.05 / (states - 1))
    np.fill_diagonal(transition, 0.95)
    mean = draw.normal(0, 1, (states, features))
    root = np.tril(draw.normal(0, 0.3, (states, features, features)))
    covariance = root @ root.transpose(0, 2, 1) + 0.5 * np.eye(features)
    factor = np.linalg.cholesky(covariance)
    path = np.zeros((series, bars), dtype=int)
    path[:, 0] = draw.integers(states, size=series)
    steps = np.cumsum(transition, axis=1)
    for bar in range(1, bars):
        path[:, bar] = (draw.random((series, 1)) > steps[path[:, bar - 1]]).sum(axis=1).clip(max=states - 1)
    noise = draw.normal(size=(series, bars, features))
    observations = mean[path] + np.einsum("sbij,sbj->sbi", factor[path], noise)
    observations.tofile(folder / "observations")
    task = {"observations": str(folder / "observations"), "series": series, "bars": bars, "features": features,
            "states": states, "iterations": iterations, "cores": cores, "start": np.full(states, 1 / states).tolist(),
            "transition": transition.tolist(), "mean": (mean + draw.normal(0, 0.1, mean.shape)).tolist(),
            "covariance": covariance.tolist()}
    (folder / "task.json").write_text(json.dumps(task))
    return folder / "task.json"


def run(command):
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--series", type=int, default=64)
    parser.add_argument("--bars", type=int, default=2500)
    options = parser.parse_args()
    program = options.programs / "bench-hmm"
    if not program.exists():
        sys.exit(f"{program} does not exist: this build has no HMM benchmark program")
    cases = {}
    with tempfile.TemporaryDirectory() as name:
        for states, features in ((3, 2), (9, 3)):
            task = make_task(pathlib.Path(name), options.series, options.bars, features, states, 10, options.cores)
            ours, peer = [], []
            for _ in range(options.rounds):
                ours.append(run([program, task]))
                peer.append(run([sys.executable, HERE / "peer.py", task]))
            likelihoods = ours[0]["log_likelihood"], peer[0]["log_likelihood"]
            if abs(likelihoods[0] - likelihoods[1]) > 1e-5 * abs(likelihoods[1]):
                sys.exit(f"log-likelihoods differ: ours {likelihoods[0]}, hmmlearn {likelihoods[1]}")
            for what in ("fit_s", "forward_s"):
                ours_s, peer_s = (statistics.median(one[what] for one in runs) for runs in (ours, peer))
                cases[f"{what[:-2]}_{states}_states"] = case(ours_s, peer_s, "s", better="lower")
    print(f"{options.series} series of {options.bars} bars, {options.cores} cores, medians of {options.rounds} rounds in turn")
    return finish("hmm", cases)


if __name__ == "__main__":
    sys.exit(main())
