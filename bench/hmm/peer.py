"""hmmlearn's side of the HMM benchmark: one process per core, each with its share of the series.

peer.py FOLDER CORES: reads the scenario that `bench-hmm --make --folder FOLDER` wrote, then one request a line from
standard input, {"case", "model": "flat"|"hierarchy", "iterations"}, and answers each with one line, {"seconds",
"log_likelihood": […]}. A hierarchy is run as the flat model of its states, for hmmlearn has no other.
"""

import json
import multiprocessing
import os
import pathlib
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # one process per core is the fastest way to use it

import logging  # noqa: E402

import numpy as np  # noqa: E402
from hmmlearn.hmm import GaussianHMM  # noqa: E402

logging.getLogger("hmmlearn").setLevel(logging.ERROR)  # it warns that a fixed number of iterations did not converge

FEATURES = 4


def model_of(parameters, iterations):
    states = len(parameters["start"])
    model = GaussianHMM(states, covariance_type="full", implementation="scaling", n_iter=iterations, tol=-np.inf,
                        init_params="", params="stmc", covars_prior=0, min_covar=0)
    model.startprob_ = np.array(parameters["start"])
    model.transmat_ = np.array(parameters["transition"]).reshape(states, states)
    model.means_ = np.array(parameters["means"]).reshape(states, FEATURES)
    model.covars_ = np.array(parameters["covariances"]).reshape(states, FEATURES, FEATURES)
    return model


def fit(arguments):
    parameters, iterations, series = arguments
    history = np.zeros(iterations)
    for observations in series:
        model = model_of(parameters, iterations).fit(observations)
        history += np.array(model.monitor_.history)
    return history.tolist()


def decode(arguments):
    parameters, _, series = arguments
    model = model_of(parameters, 1)
    return [sum(model.decode(observations)[0] for observations in series)]


def score(arguments):
    parameters, _, series = arguments
    model = model_of(parameters, 1)
    return [sum(model.score(observations) for observations in series)]


def serve(connection):
    """One process: holds its share, so that pickling it is no part of what is timed."""
    share = None
    while True:
        request = connection.recv()
        if isinstance(request, tuple):
            share = request
            work = {"viterbi_batch": decode, "filter_batch": score}.get(share[0], fit)
            work((share[1], 1, share[3][:1, :200]))  # imports, first calls
            connection.send(None)
        else:
            connection.send(work(share[1:]))


class Worker:
    def __init__(self):
        self.connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(other,), daemon=True)
        self.process.start()

    def send(self, request):
        self.connection.send(request)

    def receive(self):
        return self.connection.recv()


def answer(workers, folder, task, request):
    which = "single" if request["case"] == "em_long" else "batch"
    sizes = task[which]
    data = np.fromfile(folder / which).reshape(sizes["series"], sizes["bars"], FEATURES)
    shares = [share for share in np.array_split(data, len(workers)) if len(share)]
    busy = workers[:len(shares)]
    for worker, share in zip(busy, shares):
        worker.send((request["case"], task["models"][request["model"]], request["iterations"], share))
    for worker in busy:
        worker.receive()
    began = time.perf_counter()
    for worker in busy:
        worker.send("run")
    results = [worker.receive() for worker in busy]
    return {"seconds": time.perf_counter() - began, "log_likelihood": np.sum(results, axis=0).tolist()}


def main():
    folder = pathlib.Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    workers = [Worker() for _ in range(int(sys.argv[2]))]
    for line in sys.stdin:
        print(json.dumps(answer(workers, folder, task, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
