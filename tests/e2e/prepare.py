"""Makes a synthetic market and trains a tiny bundle on its first part, once per kind of panel."""

import os
import pathlib
import shutil
import subprocess
import unittest

import processes

HERE = pathlib.Path(__file__).parent
SEED = 20260101


def work(kind):
    return pathlib.Path(os.environ["E2E_WORK"]) / kind


def trade_from(kind):
    return (work(kind) / "trade_from").read_text().strip()


def bundle(kind):
    """The one bundle that training wrote."""
    found = sorted((work(kind) / "trained" / "bundles").iterdir())
    assert len(found) == 1, found
    return found[0]


class Prepare(unittest.TestCase):
    def prepare(self, kind):
        print(f"seed {SEED}")
        shutil.rmtree(work(kind), ignore_errors=True)
        work(kind).mkdir(parents=True)
        made = subprocess.run([os.environ["E2E_MAKE_MARKET"], kind, work(kind), str(SEED)], check=True,
                              capture_output=True, text=True)
        (work(kind) / "trade_from").write_text(made.stdout)
        processes.run("train", "--config", HERE / "e2e.toml", "--data", work(kind) / "train.csv",
                      "--out", work(kind) / "trained", "--seed", SEED, timeout=240)
        self.assertTrue((bundle(kind) / "manifest.json").exists())

    def test_ohlcv(self):
        self.prepare("ohlcv")

    def test_closes(self):
        self.prepare("closes")
