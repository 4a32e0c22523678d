"""Fitting and filtering many series at once beside pomegranate (torch, one process per core, and on a GPU where there is
one). pomegranate fits one model to all series of a batch where we fit one to each: log-likelihoods are compared where
both still have the same parameters, before the first M-step. It knows no hierarchy: it fits the flat model of its
states."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "hmm"))
from batched import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run("pomegranate", __doc__, HERE / "peer.py", own_models=False, gpu=True))
