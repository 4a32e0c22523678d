"""Fitting, filtering and decoding regimes beside hmmlearn (implementation="scaling", one process per core), in turn, on
the same series, from the same start, with the same number of EM iterations; medians over rounds. bench-hmm --make
writes the series, both sides read them. A result that differs from the double reference, from our own fp64 run or
from hmmlearn's likelihood by more than 1e-4 fails the run: its time would mean nothing."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from beside import (TOLERANCE, Peer, check_beside_peer, check_close, check_reference, last_json,  # noqa: E402
                    made_scenario, quick_flag, run_ours, steps_of)
from result import case, finish  # noqa: E402

FEATURES = 4

# id: model of the peer, must (least ratio, or most µs)
BESIDE_HMMLEARN = {"em_batch_k3": ("flat", 80), "em_batch_3x3": ("hierarchy", 120), "em_long": ("flat", 50),
                   "viterbi_batch": ("flat", 20), "filter_batch": ("flat", 20)}
TICK_LIMIT_US = 300


def flop_per_step(name, states, macros):
    """FLOP of one step in fp32: density D² + 3D per state, transition; Baum-Welch three times a forward step."""
    micros = states // macros
    transition = 2 * states**2 if macros == 1 else 2 * (macros * micros**2 + macros**2 + 2 * states)
    forward = states * (FEATURES**2 + 3 * FEATURES) + transition + 3 * states
    return 3 * forward if name.startswith("em") else forward


def peak_flops(cores, bits):
    """Two fused multiply-adds a cycle on the widest registers, at the clock that the kernel names."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    width = 512 if "avx512f" in text else 256 if "avx2" in text else 128
    clock = next(float(line.split(":")[1]) for line in text.splitlines() if line.startswith("cpu MHz"))
    return cores * 2 * 2 * width / bits * clock * 1e6


def floor_of(name, cores, precision):
    states, macros = (9, 3) if name in ("em_batch_3x3", "tick_5000") else (3, 1)
    steps_per_s = peak_flops(cores, 32 if precision == "float" else 64) / flop_per_step(name, states, macros)
    return 5000 / steps_per_s * 1e6 if name == "tick_5000" else steps_per_s


def check_case(name, runs, peer):
    for precision, results in runs.items():
        check_reference(name, precision, results[0])
        if "log_likelihood" not in results[0]:
            continue
        check_close(f"{name}, {precision} and double", results[0]["log_likelihood"], runs["double"][0]["log_likelihood"])
        if peer is not None:
            check_beside_peer(name, precision, "hmmlearn", results[0], peer)


def measure(options, folder, peer):
    names = [*BESIDE_HMMLEARN, "tick_5000"]
    ours = {name: {"float": [], "double": []} for name in names}
    theirs = {name: [] for name in BESIDE_HMMLEARN}
    for round_number in range(options.rounds):
        for name in names:
            for precision in ("float", "double"):
                ours[name][precision].append(run_ours(options, folder, name, precision, check=round_number == 0))
            if name in BESIDE_HMMLEARN:
                theirs[name].append(peer.ask(case=name, model=BESIDE_HMMLEARN[name][0]))
    for name in names:
        check_case(name, ours[name], theirs[name][0] if name in theirs else None)
    return ours, theirs


def cases_of(options, task, ours, theirs):
    cases = {}
    for name, by_precision in ours.items():
        for precision, results in by_precision.items():
            must = {} if precision == "double" or options.quick else {"must": BESIDE_HMMLEARN.get(name, (0, None))[1]}
            key = name if precision == "float" else name + "_fp64"
            floor = floor_of(name, options.cores, precision)
            value = statistics.median(result["value"] for result in results)
            if name == "tick_5000":
                p50 = statistics.median(result["p50_us"] for result in results)
                limit = {} if precision == "double" or options.quick else {"limit": TICK_LIMIT_US}
                cases[key] = {**case(value, None, "us, p99", floor, better="lower", **limit), "p50_us": p50}
            else:
                peer = steps_of(task, name) / statistics.median(result["seconds"] for result in theirs[name])
                cases[key] = case(value, peer, "steps/s", floor, **must)
    return cases


def gpu_cases(options):
    program = options.programs / "bench-hmm"
    done = subprocess.run([program, "--device", "cuda", *quick_flag(options)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "cannot be used" in done.stderr:
        print(f"gpu_tick_5000, gpu_em: skipped, {done.stderr.strip()}")
        return {"gpu_tick_5000": None, "gpu_em": None}
    if done.returncode != 0:
        sys.exit(done.stderr)
    results = {(one["case"], one["precision"]): one for one in map(json.loads, done.stdout.splitlines())}
    return {"gpu_tick_5000": case(results["gpu_tick_5000", "float"]["p99_us"], None, "us, p99", better="lower"),
            "gpu_em": case(results["gpu_em", "float"]["value"], None, "steps/s")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="short series and one round: tries the benchmark itself")
    parser.add_argument("--memory", action="store_true", help="memory of EM over 5,000 series of 10,000 bars, K = 9")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    program = options.programs / "bench-hmm"
    if options.memory:
        measured = last_json([program, "--memory", *quick_flag(options)])
        cases = {"em_memory": case(measured["beyond_input_bytes"] / 1e9, None, "GB beyond the input", better="lower",
                                   limit=measured["limit_bytes"] / 1e9)}
        return finish("hmm", cases)
    with made_scenario(options) as (folder, task), contextlib.closing(Peer(HERE / "peer.py", folder, options.cores)) as peer:
        cases = cases_of(options, task, *measure(options, folder, peer))
    cases.update(gpu_cases(options))
    print(f"{options.cores} cores, medians of {options.rounds} rounds in turn; every result agrees with the double "
          f"reference and the peer to {TOLERANCE}")
    return finish("hmm", cases)


if __name__ == "__main__":
    sys.exit(main())
