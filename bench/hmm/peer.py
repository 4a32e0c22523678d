"""hmmlearn's side of the HMM benchmark; shares.py says how it is asked."""

import logging
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # one process per core is the fastest way to use it

import numpy as np  # noqa: E402
from hmmlearn.hmm import GaussianHMM  # noqa: E402
from shares import FEATURES, serve  # noqa: E402

logging.getLogger("hmmlearn").setLevel(logging.ERROR)  # it warns that a fixed number of iterations did not converge


def model_of(parameters, iterations):
    states = len(parameters["start"])
    model = GaussianHMM(states, covariance_type="full", implementation="scaling", n_iter=iterations, tol=-np.inf,
                        init_params="", params="stmc", covars_prior=0, min_covar=0)
    model.startprob_ = np.array(parameters["start"])
    model.transmat_ = np.array(parameters["transition"]).reshape(states, states)
    model.means_ = np.array(parameters["means"]).reshape(states, FEATURES)
    model.covars_ = np.array(parameters["covariances"]).reshape(states, FEATURES, FEATURES)
    return model


def fit(parameters, iterations, series):
    history = np.zeros(iterations)
    for observations in series:
        model = model_of(parameters, iterations).fit(observations)
        history += np.array(model.monitor_.history)
    return history.tolist()


def decode(parameters, _, series):
    model = model_of(parameters, 1)
    return [sum(model.decode(observations)[0] for observations in series)]


def score(parameters, _, series):
    model = model_of(parameters, 1)
    return [sum(model.score(observations) for observations in series)]


def prepare(case, parameters, iterations, series):
    run = {"viterbi_batch": decode, "filter_batch": score}.get(case, fit)
    run(parameters, 1, series[:1, :200])  # imports, first calls
    return lambda: run(parameters, iterations, series)


if __name__ == "__main__":
    serve(prepare)
