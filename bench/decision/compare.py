"""A decision's round trip beside a raw ZeroMQ echo of the same message sizes; bench-decision asks both in turn."""

import argparse
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from result import finish  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--bundle", type=pathlib.Path, help="a bundle or a folder of bundles; adds the case of a real model")
    options = parser.parse_args()
    program = options.programs / "bench-decision"
    runs = [[program]] + ([[program, "--bundle", options.bundle]] if options.bundle else [])
    cases = {}
    for command in runs:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        measured = json.loads(done.stdout.splitlines()[-1])
        cases.update(measured["cases"])
        for who in ("ours", "echo", "server_compute"):
            print(f"{measured['bundle']}: {who} {measured[who]}")
        print(f"{measured['symbols']} symbols, request {measured['request_bytes']} bytes, reply {measured['reply_bytes']} bytes")
    return finish("decision", cases)


if __name__ == "__main__":
    sys.exit(main())
