"""Sweeps beside vectorbt: indicators, trading with fees and slippage, and every metric of every combination, per
bar-combination; vectorbt on a part of the same grid, whose results must agree (trades, return, drawdown, win rate).
Bars: --data BTCUSDT_1h.csv.gz, or a seeded random walk of the same length."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from result import case, finish  # noqa: E402

BARS = 26280
MUST = {"sweep_96k": 80, "sweep_mixed": 30}
FEE, SLIPPAGE = 0.00075, 0.0005
AGREE = 0.99  # of the compared combinations: rounding of equal averages may turn a trade


def read_bars(path):
    if path is not None:
        rows = np.loadtxt(path, delimiter=",", skiprows=1)[-BARS:, 1:6]
        return rows, f"the last {len(rows):,} bars of {path.name}"
    random = np.random.default_rng(7)
    close = 10000 * np.exp(np.cumsum(0.007 * random.standard_t(4, BARS) / 2**0.5))
    opens = np.r_[10000, close[:-1]]
    spread = np.exp(0.003 * np.abs(random.standard_normal((2, BARS))))
    rows = np.stack([opens, np.maximum(opens, close) * spread[0], np.minimum(opens, close) / spread[1], close,
                     random.gamma(2, 500, BARS)], axis=1)
    return rows, f"a random walk of {BARS:,} bars (--data FILE for real ones)"


class Peer:
    """vectorbt on some columns at once."""

    def __init__(self, bars):
        import pandas
        import vectorbt
        self.pandas, self.vectorbt = pandas, vectorbt
        index = pandas.date_range("2020-01-01", periods=len(bars), freq="h")
        self.open, self.high, self.low, self.close = (pandas.Series(bars[:, i], index=index) for i in range(4))

    def trade(self, enter, leave, **stops):
        """Wishes of each close, filled at the next open, and every metric."""
        def frame(wish):
            return self.pandas.DataFrame(np.vstack([np.zeros((1, wish.shape[1]), bool), wish[:-1]]), index=self.close.index)
        portfolio = self.vectorbt.Portfolio.from_signals(
            self.close, frame(enter), frame(leave), price=self.open, open=self.open, high=self.high, low=self.low, fees=FEE,
            slippage=SLIPPAGE, init_cash=10000.0, freq="1h", **stops)
        closed = portfolio.trades.closed
        return {"return": portfolio.total_return(), "sharpe": portfolio.sharpe_ratio(), "sortino": portfolio.sortino_ratio(),
                "drawdown": -portfolio.max_drawdown(), "win_rate": closed.win_rate(), "factor": closed.profit_factor(),
                "trades": closed.count(), "exposure": portfolio.position_coverage()}

    @staticmethod
    def edges(wish):
        before = np.vstack([np.zeros((1, wish.shape[1]), bool), wish[:-1]])
        return wish & ~before, ~wish & before

    def crosses(self, pairs, **stops):
        ma = self.vectorbt.MA
        fast, slow = (ma.run(self.close, [pair[i] for pair in pairs]).ma.values for i in (0, 1))
        return self.trade(*self.edges(fast > slow), **stops)

    def rsi(self, choices, **stops):
        rsi = self.vectorbt.RSI.run(self.close, [window for window, _ in choices]).rsi.values
        low = np.array([low for _, low in choices])
        return self.trade(rsi < low, rsi >= 50, **stops)

    def bands(self, choices, **stops):
        bands = self.vectorbt.BBANDS.run(self.close, [w for w, _ in choices], alpha=[a for _, a in choices])
        close = self.close.values[:, None]
        return self.trade(close < bands.lower.values, close >= bands.middle.values, **stops)

    def macd(self, choices, **stops):
        fast, slow, signal = (list(one) for one in zip(*choices))
        macd = self.vectorbt.MACD.run(self.close, fast_window=fast, slow_window=slow, signal_window=signal)
        return self.trade(*self.edges(macd.macd.values > macd.signal.values), **stops)


def timed(run, rounds):
    run()  # compiles
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def pairs_of_96k(count):
    every = 96000 / count
    return [(5 + int(i * every) % 160, 165 + int(i * every) // 160) for i in range(count)]


def mixed(peer, part):
    """A quarter of the columns from each of four families, with stops and targets."""
    random = np.random.default_rng(3)
    stops = {"sl_stop": 0.03, "tp_stop": 0.1}
    draws = [(int(random.integers(5, 100)), int(random.integers(110, 500))) for _ in range(part)]
    peer.crosses(draws, **stops)
    peer.rsi([(int(random.integers(6, 44)), float(random.integers(15, 45))) for _ in range(part)], **stops)
    peer.bands([(int(random.integers(10, 200)), float(random.uniform(1, 3))) for _ in range(part)], **stops)
    peer.macd([(int(random.integers(6, 24)), int(random.integers(26, 104)), int(random.integers(5, 25)))
               for _ in range(part)], **stops)


def ours(program, bars, name, options, rows=None):
    command = [program, "--bars", bars, "--case", name, *(["--rows", rows] if rows else []),
               *(["--quick"] if options.quick else []), *(["--device", "cuda"] if name.startswith("gpu_") else [])]
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def read_rows(path):
    rows = {}
    for line in path.read_text().splitlines():
        _, text, *numbers = line.split(",")
        values = [float(number) for number in numbers]
        rows[text] = {"return": values[0], "drawdown": values[3], "win_rate": values[4], "trades": values[8]}
    return rows


def check(rows, pairs, theirs):
    same = 0
    for i, (fast, slow) in enumerate(pairs):
        row = rows[f"fast={fast} slow={slow}"]
        same += all(abs(row[key] - theirs[key].iloc[i]) <= 1e-5 * max(1, abs(row[key])) for key in row)
    print(f"{same} of {len(pairs)} combinations have vectorbt's trades, return, drawdown and win rate to 1e-5")
    if same < AGREE * len(pairs):
        sys.exit("too few combinations agree with vectorbt: a time would mean nothing")


# The median of runs in one process: the first one loads kernels and takes memory.
def gpu_case(options, program, bars):
    done = subprocess.run([program, "--bars", bars, "--case", "sweep_96k", "--device", "cuda", "--repeats", "9"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "cannot be used" in done.stderr:
        print(f"gpu_sweep_96k: skipped, {done.stderr.strip()}")
        return None
    if done.returncode != 0:
        sys.exit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"gpu_sweep_96k: {1000 * result['first_seconds']:.1f} ms the first time")
    return case(1000 * result["seconds"], None, "ms", better="lower", limit=20)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, help="BTCUSDT_1h.csv.gz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--columns", type=int, default=100, help="combinations that vectorbt runs at once")
    parser.add_argument("--quick", action="store_true", help="few combinations and one round: tries the benchmark itself")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.columns = 1, 8
    bars, what = read_bars(options.data)
    program = options.programs / "bench-sweep"
    print(what)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bars.astype("f8").tofile(folder / "bars.f64")
        peer = Peer(bars)
        pairs = [(5, slow) for slow in range(165, 171)] if options.quick else pairs_of_96k(options.columns)
        ours(program, folder / "bars.f64", "sweep_96k", options, folder / "rows.csv")
        check(read_rows(folder / "rows.csv"), pairs, peer.crosses(pairs))
        runs = {"sweep_96k": (lambda: peer.crosses(pairs), len(pairs)),
                "sweep_mixed": (lambda: mixed(peer, options.columns // 4), options.columns // 4 * 4)}
        cases = {}
        for name, (run, columns) in runs.items():
            theirs = columns * len(bars) / timed(run, options.rounds)
            rate = statistics.median(ours(program, folder / "bars.f64", name, options)["bar_combinations_per_s"]
                                     for _ in range(options.rounds))
            cases[name] = case(rate, theirs, "bar-combinations/s", **({} if options.quick else {"must": MUST[name]}))
        cases["gpu_sweep_96k"] = gpu_case(options, program, folder / "bars.f64")
    print(f"{len(os.sched_getaffinity(0))} cores, medians of {options.rounds} rounds; vectorbt runs {options.columns} "
          "combinations at once, compiled before")
    return finish("sweep", cases)


if __name__ == "__main__":
    sys.exit(main())
