"""Starts the real programs, waits for what they announce, and ends only what it started."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import urllib.request

BIN = pathlib.Path(os.environ["REGENT_TEST_BIN"])
WAIT_S = 60


class TimedOut(Exception):
    pass


def wait_until(ready, what, process=None):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        value = ready()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise TimedOut(f"{what}: the process ended with {process.returncode}")
        time.sleep(0.01)
    raise TimedOut(f"{what}: nothing after {WAIT_S} s")


def run(*arguments, check=True, timeout=WAIT_S):
    result = subprocess.run([BIN / "regent", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    if check and result.returncode != 0:
        raise AssertionError(f"regent {' '.join(map(str, arguments))} ended with {result.returncode}\n"
                             f"{result.stdout}\n{result.stderr}")
    return result


class Process:
    """A program whose announcement file says where it listens. Its log is kept beside the announcement."""

    def __init__(self, folder, name, *arguments):
        self.log = folder / f"{name}.log"
        self.announcement = folder / f"{name}.json"
        self.announcement.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BIN / f"regent-{name}", *map(str, arguments), "--announce", str(self.announcement)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_for_announcement(self):
        def read():
            return json.loads(self.announcement.read_text()) if self.announcement.exists() else None
        try:
            self.addresses = wait_until(read, str(self.announcement), self.process)
        except TimedOut as error:
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """A clean stop; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_S)

    def wait(self, timeout=WAIT_S):
        try:
            return self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {timeout} s\n{self.log.read_text()[-4000:]}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()


def metric(text, name):
    """Sum of the samples of one metric."""
    values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
              if line.startswith(name) and line[len(name)] in " {"]
    if not values:
        raise AssertionError(f"no sample of {name} in\n{text}")
    return sum(values)


def rows(ledger, *kinds):
    """(kind, payload) of the rows of these kinds, in order."""
    database = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        found = database.execute("select kind, payload from event order by sequence").fetchall()
    except sqlite3.OperationalError:  # the engine has not made its table yet
        found = []
    finally:
        database.close()
    return [(kind, json.loads(payload)) for kind, payload in found if not kinds or kind in kinds]
