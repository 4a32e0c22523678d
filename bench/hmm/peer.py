"""hmmlearn's side of the HMM benchmark: one process per core, each with its share of the series.

peer.py FILE: reads {"observations": path, "series", "bars", "features", "states", "iterations", "cores", "start",
"mean", "covariance", "transition"} (float64, row-major) and prints {"fit_s", "forward_s", "log_likelihood"}.
"""

import json
import multiprocessing
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # one process per core is the fastest way to use it

import logging  # noqa: E402

import numpy as np  # noqa: E402
from hmmlearn.hmm import GaussianHMM  # noqa: E402

logging.getLogger("hmmlearn").setLevel(logging.ERROR)  # it warns that a fixed number of iterations did not converge


def model_of(task, iterations):
    model = GaussianHMM(task["states"], covariance_type="full", implementation="scaling", n_iter=iterations, tol=-np.inf,
                        init_params="", params="stmc")
    model.startprob_ = np.array(task["start"])
    model.transmat_ = np.array(task["transition"])
    model.means_ = np.array(task["mean"])
    model.covars_ = np.array(task["covariance"])
    return model


def fit(arguments):
    task, series = arguments
    for observations in series:
        model_of(task, task["iterations"]).fit(observations)


def forward(arguments):
    task, series = arguments
    model = model_of(task, 1)
    return sum(model.score(observations) for observations in series)


def timed(pool, function, shares):
    began = time.perf_counter()
    results = pool.map(function, shares, chunksize=1)
    return time.perf_counter() - began, results


def main():
    with open(sys.argv[1]) as file:
        task = json.load(file)
    data = np.fromfile(task["observations"]).reshape(task["series"], task["bars"], task["features"])
    with multiprocessing.Pool(task["cores"]) as pool:
        shares = [(task, share) for share in np.array_split(data, task["cores"])]
        pool.map(forward, [(task, share[:1, :200]) for _, share in shares], chunksize=1)  # imports and first calls
        fit_s, _ = timed(pool, fit, shares)
        forward_s, likelihoods = timed(pool, forward, shares)
    print(json.dumps({"fit_s": fit_s, "forward_s": forward_s, "log_likelihood": sum(likelihoods)}))


if __name__ == "__main__":
    main()
