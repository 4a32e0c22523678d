"""What the pictures of regent hmm plot show. Status 77 (skipped) without matplotlib and pyarrow."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from drawing import require  # noqa: E402

require("matplotlib", "numpy", "pyarrow")
import hmm  # noqa: E402
import matplotlib.dates as dates  # noqa: E402
import numpy as np  # noqa: E402
import style  # noqa: E402

LABELS = ["calm", "chaos"]


def hours(regime):
    """A series of so many hours with these regimes; its posteriors are certain of them."""
    regime = np.asarray(regime)
    series = {"time": np.datetime64("2020-01-01", "ms") + np.arange(len(regime)) * np.timedelta64(1, "h"),
              "price": 100.0 + np.arange(len(regime)), "regime": regime}
    for prefix in ("filtered_", "smoothed_"):
        for i in range(2):
            series[f"{prefix}{i}"] = (regime == i).astype(float)
    return series


def drawn(draw, *arguments):
    """The axes that `draw` made."""
    kept = []
    finish, hmm.finish = hmm.finish, lambda figure, axes, times, path: kept.extend(axes)
    try:
        draw(*arguments)
    finally:
        hmm.finish = finish
    return kept


def shades(axis):
    """(first, end, colour) of every shaded stretch, in bars."""
    hour = 1 / 24
    first = dates.date2num(np.datetime64("2020-01-01", "ms"))
    boxes = [(patch.get_xy(), patch) for patch in axis.patches]
    edges = [(xy[:, 0].min(), xy[:, 0].max()) if np.ndim(xy) == 2 else (xy[0], xy[0] + patch.get_width()) for xy, patch in boxes]
    return [(round((left - first) / hour), round((right - first) / hour), patch.get_facecolor()[:3])
            for (left, right), (_, patch) in zip(edges, boxes)]


class RegimePictures(unittest.TestCase):
    def tearDown(self):
        hmm.plt.close("all")

    def price(self, series):
        return drawn(hmm.draw_price, series, LABELS, "close", "", "none.png")

    def colour(self, i):
        return tuple(hmm.plt.matplotlib.colors.to_rgb(style.regime_colour(LABELS[i], i)))

    def test_bars_that_have_a_pixel_each_are_shaded_one_by_one(self):
        top, bottom = self.price(hours(np.arange(1_000) // 3 % 2))
        self.assertEqual([(first, min(first + 3, 999), self.colour(first // 3 % 2)) for first in range(0, 1_000, 3)], shades(top))
        self.assertEqual("", top.get_title(loc="right"))
        self.assertEqual("", bottom.get_title(loc="right"))

    def test_years_of_hours_are_stretches_that_can_be_seen(self):
        calm, wild = np.arange(30_000) % 3 == 0, np.arange(30_000) % 3 != 0  # no two hours in a row alike for long
        regime = np.r_[wild, calm[:6_000]].astype(int)  # 2/3 chaos, then 2/3 calm
        top, bottom = self.price(hours(regime))
        self.assertEqual([(0, 30_000, self.colour(1)), (30_000, 35_999, self.colour(0))], shades(top))
        self.assertEqual("the most frequent regime of every 240 bars", top.get_title(loc="right"))
        self.assertEqual("mean of every 240 bars", bottom.get_title(loc="right"))
        self.assertGreater(len(top.lines[0].get_xdata()), 3_000, "the price is not coarse")

    def test_bars_of_no_regime_stay_white(self):
        top, _ = self.price(hours(np.r_[np.full(2_000, -1), np.ones(1_000, dtype=int)]))
        self.assertEqual([(2_000, 2_999, self.colour(1))], shades(top))

    def test_posteriors_are_means_of_the_same_stretches_up_to_the_last_bar(self):
        axes = drawn(hmm.draw_posteriors, hours(np.arange(3_000) % 2), LABELS, "", "none.png")
        for axis in axes:
            self.assertEqual("mean of every 20 bars", axis.get_title(loc="right"))
            area = axis.collections[0].get_paths()[0].vertices
            self.assertEqual(dates.date2num(hours(np.zeros(3_000))["time"][-1]), area[:, 0].max())
            self.assertEqual({0.0, 0.5}, set(area[:, 1]))


if __name__ == "__main__":
    unittest.main()
