"""Bars per second through the whole way, from scripts/demo's own stages. No single other program does all of it, so
there is no peer: the numbers are for comparing Regent with itself."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from result import case, finish  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true", help="scripts/demo --quick")
    options = parser.parse_args()
    run = ROOT / "runs" / "bench-demo"
    shutil.rmtree(run, ignore_errors=True)
    subprocess.run([ROOT / "scripts" / "demo", "--out", run, *(["--quick"] if options.quick else [])], check=True)
    stages = json.loads((run / "stages_s.json").read_text())
    metrics = json.loads((run / "metrics.json").read_text())
    bars, symbols = metrics["run"]["bars"], len(metrics["run"]["symbols"])
    whole = sum(seconds for stage, seconds in stages.items() if stage != "set-up and build")
    cases = {
        "whole_way_s": case(whole, None, "s"),
        "training_s": case(stages["training"], None, "s"),
        "trading_bars_per_s": case(bars / stages["trading"], None, "bars/s"),
        "trading_symbol_bars_per_s": case(bars * symbols / stages["trading"], None, "symbol bars/s"),
    }
    return finish("demo", cases)


if __name__ == "__main__":
    sys.exit(main())
