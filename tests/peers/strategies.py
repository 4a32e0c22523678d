"""Holds regent backtest against backtesting.py and vectorbt, trade by trade, on real bars.

usage: strategies.py --programs FOLDER --data FOLDER

Both peers get the same wishes (averages by pandas), fill them at the next open and pay the same fee; vectorbt the same
slippage too, backtesting.py none, since its spread is paid at entries only. Compared: entry and exit bar, side, units, both
prices and the profit of every trade, and the equity at the end. Stops are not: neither peer looks at them in the bar of the
entry.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

FEE, SLIPPAGE, CASH = 0.00075, 0.0005, 10_000_000.0
BARS = 20_000  # the last ones; backtesting.py takes half a minute for them all
TOLERANCE = 1e-9


def last_bars(path, into):
    frame = pd.read_csv(path).tail(BARS)
    frame.to_csv(into, index=False)
    frame.index = pd.to_datetime(frame.timestamp, unit="ms")
    return frame.rename(columns=str.capitalize)[["Open", "High", "Low", "Close", "Volume"]]


def regent(program, file, fast, slow, slippage, *flags):
    command = [program, file, "--fast", fast, "--slow", slow, "--fee", FEE, "--slippage", slippage, "--cash", CASH, "--json",
               *flags]
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    sheet = json.loads(done.stdout)["symbols"][0]
    rows = [[t["entry_bar"], t["exit_bar"], t["side"], t["units"], t["entry_price"], t["exit_price"], t["profit"]]
            for t in sheet["trade_list"]]
    return np.array(rows), sheet["end_equity"]


def wishes(bars, fast, slow, shorts):
    difference = bars.Close.rolling(fast).mean() - bars.Close.rolling(slow).mean()
    return np.where(difference > 0, 1, np.where((difference < 0) & shorts, -1, 0))


def vectorbt_trades(bars, wish):
    import vectorbt
    before = np.r_[0, wish[:-1]]
    enter, leave = (np.r_[False, edge[:-1]] for edge in ((wish == 1) & (before != 1), (wish != 1) & (before == 1)))
    portfolio = vectorbt.Portfolio.from_signals(bars.Close, enter, leave, price=bars.Open, fees=FEE, slippage=SLIPPAGE,
                                                init_cash=CASH, freq="1h")
    records = portfolio.trades.closed.records
    rows = np.stack([records.entry_idx, records.exit_idx, np.where(records.direction == 0, 1, -1), records["size"],
                     records.entry_price, records.exit_price, records.pnl], axis=1)
    return rows, portfolio.value().iloc[-1]


def backtesting_trades(bars, wish, size):
    from backtesting import Backtest, Strategy

    class Wishes(Strategy):
        def init(self):
            self.wish = self.I(lambda: wish.astype(float), plot=False)

        def next(self):
            now, before = self.wish[-1], self.wish[-2] if len(self.wish) > 1 else 0
            if now == before:
                return
            if self.position:
                self.position.close()
            if now > 0:
                self.buy(size=size)
            elif now < 0:
                self.sell(size=size)

    run = Backtest(bars, Wishes, cash=CASH, commission=FEE, finalize_trades=False).run()
    trades = run._trades
    rows = np.stack([trades.EntryBar, trades.ExitBar, np.sign(trades.Size), trades.Size.abs(), trades.EntryPrice,
                     trades.ExitPrice, trades.PnL], axis=1).astype(float)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))], run._equity_curve.Equity.iloc[-1]


def compare(what, ours, theirs):
    (rows, equity), (others, other_equity) = ours, theirs
    if len(rows) != len(others):
        return f"{what}: {len(rows)} trades and {len(others)}"
    apart = np.abs(rows - others) / (np.abs(others) + [1, 1, 1, 1e-3, 1e-3, 1e-3, CASH])
    worst = np.unravel_index(apart.argmax(), apart.shape)
    if apart.max() > TOLERANCE or abs(equity - other_equity) > TOLERANCE * equity:
        return (f"{what}: trade {worst[0]} differs by {apart.max():.3g}: {rows[worst[0]].tolist()} and "
                f"{others[worst[0]].tolist()}; equity {equity} and {other_equity}")
    print(f"  {what}: {len(rows)} trades and the equity agree to {TOLERANCE}")
    return None


def of_pair(program, file, bars, symbol, fast, slow):
    name = f"{symbol} {fast}/{slow}"
    whole = ("--keep-last-open", "--whole-units", "--size", 0.999)
    long_only, both = wishes(bars, fast, slow, False), wishes(bars, fast, slow, True)
    return [compare(f"vectorbt, {name}", regent(program, file, fast, slow, SLIPPAGE, "--keep-last-open"),
                    vectorbt_trades(bars, long_only)),
            compare(f"backtesting.py, {name}", regent(program, file, fast, slow, 0, *whole),
                    backtesting_trades(bars, long_only, 0.999)),
            compare(f"backtesting.py, {name}, shorts", regent(program, file, fast, slow, 0, *whole, "--shorts"),
                    backtesting_trades(bars, both, 0.999))]


def main():
    warnings.simplefilter("ignore")  # of open trades at the end, which are meant
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    program = options.programs / "regent-backtest"
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            file = pathlib.Path(folder) / f"{symbol}_1h.csv"
            bars = last_bars(options.data / "crypto_1h" / f"{symbol}_1h.csv.gz", file)
            for fast, slow in ((20, 100), (5, 165), (50, 400)):
                failures += of_pair(program, file, bars, symbol, fast, slow)
    failures = [one for one in failures if one]
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
