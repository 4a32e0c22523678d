"""Fitting and filtering many series at once beside dynamax (JAX, one process per core that batches with vmap). Compilation
is not timed. Log-likelihoods of every iteration are compared. dynamax knows no hierarchy: it fits the flat model of its
states."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "hmm"))
from batched import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run("dynamax", __doc__, HERE / "peer.py"))
