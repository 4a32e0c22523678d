"""A peer's side of an HMM benchmark: one process per core, each with its share of the series.

A script that calls serve(prepare) is run as `peer.py FOLDER CORES`: it reads the scenario that `bench-hmm --make --folder
FOLDER` wrote, then one request a line from standard input, {"case", "model": "flat"|"hierarchy", "iterations"}, and
answers each with one line, {"seconds", "log_likelihood": […]}, the sums over all series. A hierarchy is run as the flat
model of its states.

prepare(case, parameters, iterations, series [series, bars, features]) does all that is not to be timed (imports,
compilation, first calls) and gives the function that is, which returns its share's log-likelihoods.
"""

import contextlib
import json
import multiprocessing
import pathlib
import sys
import time

import numpy as np

FEATURES = 4


def work(connection, prepare):
    """One process: holds its share, so that pickling it is no part of what is timed."""
    run = None
    with contextlib.suppress(EOFError):  # nobody asks any more
        while True:
            request = connection.recv()
            if request is None:
                connection.send(run())
            else:
                run = prepare(*request)
                connection.send(None)


class Worker:
    def __init__(self, context, prepare):
        self.connection, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, prepare), daemon=True)
        self.process.start()
        other.close()  # so that a worker that dies ends receive()

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
        worker.send(None)
    results = [worker.receive() for worker in busy]
    return {"seconds": time.perf_counter() - began, "log_likelihood": np.sum(results, axis=0).tolist()}


def serve(prepare):
    folder = pathlib.Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of a library's threads, not the threads
    workers = [Worker(context, prepare) for _ in range(int(sys.argv[2]))]
    for line in sys.stdin:
        print(json.dumps(answer(workers, folder, task, json.loads(line))), flush=True)
