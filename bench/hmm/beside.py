"""What the HMM benchmarks share: the scenario in a folder, our program's runs on it, a peer that waits for requests, and
how close results must be. bench-hmm --make writes the series, both sides read them."""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

TOLERANCE = 1e-4
ITERATIONS = 4


def last_json(command):
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def quick_flag(options):
    return ["--quick"] if options.quick else []


def run_ours(options, folder, name, precision, check, device="cpu"):
    return last_json([options.programs / "bench-hmm", "--folder", folder, "--case", name, "--precision", precision,
                      "--iterations", ITERATIONS, "--device", device, *quick_flag(options),
                      *(["--check"] if check else [])])


class Peer:
    """A process of its own for `script`, which serves requests as shares.py says."""

    def __init__(self, script, folder, cores, *arguments):
        self.process = subprocess.Popen([sys.executable, script, folder, str(cores), *arguments], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        print(json.dumps({**request, "iterations": ITERATIONS}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the peer ended with exit status {self.process.wait()} before it answered {request}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def made_scenario(options):
    """(folder, task) of a scenario made for this run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([options.programs / "bench-hmm", "--folder", folder, "--make", *quick_flag(options)], check=True)
        yield folder, json.loads((folder / "task.json").read_text())


def check_close(what, ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if not abs(a - b) <= TOLERANCE * abs(b):
            sys.exit(f"{what}: {a} and {b} differ by more than {TOLERANCE} relative")


def check_reference(name, precision, result):
    if not result["error"] <= TOLERANCE:
        sys.exit(f"{name}, {precision}: differs from the double reference by {result['error']:.3g}")


def check_beside_peer(name, precision, peer_name, ours, theirs, own_models=True):
    """own_models: the peer fits one to every series."""
    # of a hierarchy only at the start, as of one model for all: the M-steps are others
    upto = 1 if name == "em_batch_3x3" or not own_models else None
    check_close(f"{name}, {precision} and {peer_name}", ours["log_likelihood"][:upto], theirs["log_likelihood"][:upto])


def steps_of(task, name):
    sizes = task["single" if name == "em_long" else "batch"]
    return sizes["series"] * sizes["bars"] * (ITERATIONS if name.startswith("em") else 1)
