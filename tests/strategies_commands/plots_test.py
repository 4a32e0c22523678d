"""What the pictures of regent backtest and regent sweep show. Status 77 (skipped) without matplotlib and pyarrow."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from drawing import require  # noqa: E402

require("matplotlib", "numpy", "pyarrow")
import numpy as np  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.parquet as parquet  # noqa: E402
import style  # noqa: E402
import sweep  # noqa: E402
import tear_sheet  # noqa: E402

BARS = 3000
# Side at the close, return: entered at bar 1, stopped in bar 2; entered and stopped within bar 5.
SIDES, RETURNS = {1: 1}, {1: 0.01, 2: -0.05, 5: -0.03}
TRADES = [{"entry_bar": 1, "exit_bar": 2}, {"entry_bar": 5, "exit_bar": 5}]


def numbers(values, kind):
    return np.array([values.get(bar, 0) for bar in range(BARS)], dtype=kind)


def columns(**changed):
    returns = numbers(RETURNS, float)
    return {"timestamp": np.datetime64("2020-01-01", "ms") + np.arange(BARS) * np.timedelta64(1, "h"),
            "symbol": np.array(["A"] * BARS), "close": 100 * np.exp(0.5 * np.sin(np.arange(BARS) / 300)),
            "equity": 1e4 * np.cumprod(1 + returns), "side": numbers(SIDES, int), "net_return": returns, **changed}


def sheet(**changed):
    return {"symbol": "A", "strategy": "sma_cross", "parameters": "fast=3", "periods_per_year": 8766, "total_return": -0.07,
            "buy_and_hold": 0.2, "annual_return": -0.1, "annual_volatility": 0.2, "sharpe": None, "drawdown_max": 0.08,
            "exposure": 0.001, "trades": 2, "fees": 0.012, "slippage": 0.034, "labels": [], "trade_list": TRADES, **changed}


def in_regimes(own):
    """The same bars in hourly changes of regime."""
    return {**own, "regime": np.array(["calm", "chaos", "calm"] * (BARS // 3))}


def regime(label, bars):
    return {"label": label, "bars": bars, "annual_return": 0.125, "annual_volatility": 0.25, "sharpe": 0.5, "drawdown_max": 0.03,
            "exposure": 0.4}


REGIMES = {"labels": ["calm", "chaos"], "regimes": [regime("calm", 2000), regime("chaos", 999)]}


class Drawing(unittest.TestCase):
    """Keeps the figures instead of writing them, which takes long."""

    def setUp(self):
        self.addCleanup(setattr, style, "save", style.save)
        style.save = self.keep
        self.figures = {}
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def keep(self, figure, path):
        path.touch()
        self.figures[path.name] = figure
        style.plt.close(figure)

    def axes(self, own, said):
        tear_sheet.draw_sheet(own, said, self.folder / "sheet.png")
        self.figure = self.figures["sheet.png"]
        return self.figure.axes

    def axis_titled(self, axes, beginning):
        found = [axis for axis in axes if axis.get_title(loc="left").startswith(beginning)]
        self.assertEqual(1, len(found), beginning)
        return found[0]

    def labelled(self, axes, beginning):
        return [axis for axis in axes if axis.get_ylabel().startswith(beginning)]


def texts_of(axis):
    return [text.get_text() for text in axis.texts]


def legend_of(axis):
    return [text.get_text() for text in axis.get_legend().get_texts()]


class TearSheet(Drawing):
    def test_a_bar_in_which_a_position_ended_counts_as_one_with_a_position(self):
        self.assertEqual([1, 2, 5], np.flatnonzero(tear_sheet.held(columns(), sheet())).tolist())
        axis = self.axis_titled(self.axes(columns(), sheet()), "returns of bars with a position")
        self.assertEqual("worst -5.00, mean -2.333 (dashed), best 1.00", axis.get_xlabel())
        self.assertEqual(3, sum(bar.get_height() for bar in axis.patches))

    def test_an_open_position_counts_too(self):
        still_open = columns(side=numbers({BARS - 2: -1, BARS - 1: -1}, int))
        self.assertEqual([BARS - 2, BARS - 1], np.flatnonzero(tear_sheet.held(still_open, sheet(trade_list=[]))).tolist())

    def test_costs_by_kind_are_there_with_and_without_regimes(self):
        for own, said in [(columns(), sheet()), (in_regimes(columns()), sheet(**REGIMES))]:
            axis = self.axis_titled(self.axes(own, said), "costs, % of the start cash")
            self.assertEqual(["fees", "slippage"], [label.get_text() for label in axis.get_xticklabels()])
            self.assertEqual(["1.2 %", "3.4 %"], texts_of(axis))

    def test_the_price_is_a_panel_of_its_own_in_the_regimes_colours(self):
        price, = self.labelled(self.axes(in_regimes(columns()), sheet(**REGIMES)), "price, log")
        self.assertEqual(["calm", "chaos"], legend_of(price))
        self.assertAlmostEqual(columns()["close"][0], price.lines[0].get_ydata()[0])

    def test_a_table_says_what_was_earned_in_each_regime(self):
        axes = self.axes(in_regimes(columns()), sheet(**REGIMES))
        table, = [axis.tables[0] for axis in axes if axis.tables]
        rows = [[table[row, column].get_text().get_text() for column in range(8)] for row in range(3)]
        self.assertEqual(["regime known before the bar", "bars", "of time", "return/y", "volatility/y", "Sharpe", "max drawdown",
                          "exposure"], rows[0])
        self.assertEqual(["chaos", "999", "33.3 %", "12.5 %", "25.0 %", "0.50", "3.0 %", "40.0 %"], rows[2])
        self.assertFalse([axis for axis in self.axes(columns(), sheet()) if axis.tables])

    def test_hourly_regimes_are_stretches_that_can_be_seen(self):
        axes = self.axes(in_regimes(columns()), sheet(**REGIMES))
        equity, = self.labelled(axes, "equity")
        self.assertEqual(1, len(equity.patches), "calm is the most frequent everywhere")
        self.assertEqual("behind the lines: the most frequent regime of every 20 bars", axes[0].get_title(loc="right"))
        edges, regimes = style.dominant(np.arange(7), np.array(["b", "b", "a", "a", "b", "a", "c"]))
        self.assertEqual(([0, 1, 2, 3, 4, 5, 6, 6], list("bbaabac")), (edges.tolist(), regimes.tolist()))

    def test_weights_are_beside_equal_weights_held_and_have_no_price(self):
        said = sheet(strategy="weights", equal_weights_held={}, costs_of="the equity, all periods")
        axes = self.axes(columns(), said)
        equity, = self.labelled(axes, "equity")
        self.assertEqual(["weights", "equal weights held"], legend_of(equity))
        self.assertFalse(self.labelled(axes, "price"))
        equity, = self.labelled(self.axes(columns(), sheet()), "equity")
        self.assertEqual(["sma_cross", "buy and hold"], legend_of(equity))

    def test_it_says_when_nothing_was_traded(self):
        idle = columns(side=numbers({}, int), net_return=numbers({}, float), equity=np.full(BARS, 1e4))
        axes = self.axes(idle, sheet(trades=0, trade_list=[]))
        self.assertEqual(["no position was ever held"], texts_of(self.axis_titled(axes, "returns of bars with a position")))
        self.assertIn("no trades", self.figure.get_suptitle())

    def test_the_deepest_drawdown_is_drawn_however_many_bars_there_are(self):
        self.assertEqual([-9, -3], [tear_sheet.thinned(np.r_[0, -9, np.zeros(7998), 0, -3], np.minimum)[i] for i in (0, -1)])

    def test_only_the_symbols_of_this_run_are_drawn(self):
        (self.folder / "backtest.json").write_text(json.dumps({"symbols": [sheet()]}))
        parquet.write_table(pyarrow.table(columns()), self.folder / "equity.parquet")
        (self.folder / "sweep.parquet").write_text("another job's")
        self.assertEqual(["A_tear_sheet.png"], tear_sheet.draw_all(self.folder))


class Style(unittest.TestCase):
    def test_a_log_axis_has_readable_ticks_whatever_it_spans(self):
        for low, high in [(0.95, 1.04), (0.7, 3.9), (1, 26), (0.24, 160), (3e3, 1e5), (1, 1e7)]:
            figure, axis = style.plt.subplots()
            axis.plot([low, high])
            style.log_scale(axis, low, high)
            figure.canvas.draw()
            inside = [text.get_text() for text, place in zip(axis.get_yticklabels(), axis.get_yticks()) if low <= place <= high]
            self.assertGreaterEqual(len(inside), 3, f"{low} to {high}: {inside}")
            self.assertLessEqual(len(inside), 10, f"{low} to {high}: {inside}")
            self.assertTrue(all(inside))
            style.plt.close(figure)

    def test_unknown_is_grey_and_never_the_colour_of_a_regime(self):
        colour = style.regime_colour("unknown", 3)
        self.assertEqual(colour[1:3], colour[3:5])
        self.assertNotIn(colour, style.SPARE_COLOURS)


def sweep_table(sharpe, trades, slow=(20.0, 30.0)):
    count = len(sharpe)
    return {"symbol": ["A"] * count, "strategy": ["sma_cross"] * count, "fast": [5.0, 5.0, 9.0, 9.0][:count],
            "slow": (list(slow) * 2)[:count], "sharpe": sharpe, "trades": trades}


class Sweep(Drawing):
    def draw(self, table):
        parquet.write_table(pyarrow.table(table), self.folder / "sweep.parquet")
        said = {"symbol": "A", "trials": len(table["sharpe"]), "overfitting_probability": 0.125,
                "best_of_strategy": [{"strategy": "other", "deflated_sharpe": 0.9}, {"strategy": "sma_cross", "deflated_sharpe": 0.43}]}
        (self.folder / "sweep.json").write_text(json.dumps({"symbols": [said]}))
        return sweep.draw_all(self.folder)

    def test_the_best_stands_beside_what_luck_explains(self):
        self.assertEqual(["A_sma_cross.png", "A_sharpe_ratios.png"], self.draw(sweep_table([0.5, 1.25, np.nan, 0.1], [3.0] * 4)))
        axis = self.figures["A_sma_cross.png"].axes[0]
        self.assertEqual("A, sma_cross\nbest Sharpe ratio 1.25 (ringed) of 4 trials, deflated 0.43; probability of overfitting 12.5 %", axis.get_title(loc="left"))
        self.assertIn("grey: no such combination", axis.get_xlabel())

    def test_a_grid_that_never_trades_says_so_and_names_only_files_that_are_there(self):
        for count in (2, 4):
            drawn = self.draw(sweep_table([np.nan] * count, [0.0] * count))
            self.assertEqual(["A_sma_cross.png", "A_sharpe_ratios.png"], drawn)
            for name in drawn:
                self.assertTrue((self.folder / name).exists(), name)
                self.assertEqual([f"nothing was traded; combinations tried: {count}"], texts_of(self.figures[name].axes[0]))

    def test_without_a_swept_parameter_an_earlier_runs_heat_map_goes(self):
        (self.folder / "A_sma_cross.png").write_text("an earlier run's")
        self.assertEqual(["A_sharpe_ratios.png"], self.draw(sweep_table([0.5], [3.0])))
        self.assertFalse((self.folder / "A_sma_cross.png").exists())

    def test_a_backtest_in_the_same_folder_is_not_drawn(self):
        (self.folder / "backtest.json").write_text("another job's")
        self.assertEqual(["A_sma_cross.png", "A_sharpe_ratios.png"], self.draw(sweep_table([0.5, 0.7], [3.0, 3.0])))


if __name__ == "__main__":
    unittest.main()
