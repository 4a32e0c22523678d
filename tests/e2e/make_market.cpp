// make_market KIND FOLDER SEED: writes train.csv and replay.csv of a synthetic market, KIND being ohlcv or
// closes, and prints the first bar that the replay may trade. The replay ends with traded_bars bars after
// history_bars of history.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "base/time.hpp"
#include "market/csv_panel.hpp"
#include "market/synthetic.hpp"

namespace {

constexpr std::size_t train_bars = 900;
constexpr std::size_t history_bars = 420;  // covers the slowest feature's warm-up
constexpr std::size_t traded_bars = 200;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: make_market ohlcv|closes FOLDER SEED\n");
    return 2;
  }
  using namespace regent;
  market::SyntheticMarket settings;
  settings.symbols = 6;
  settings.bars = train_bars + traded_bars;
  settings.seed = std::stoull(argv[3]);
  settings.ohlcv = std::string(argv[1]) == "ohlcv";
  const market::Panel panel = market::make_synthetic_market(settings).panel;
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  market::write_csv_panel(panel.slice(0, train_bars), folder / "train.csv");
  market::write_csv_panel(panel.slice(train_bars - history_bars, panel.bars()), folder / "replay.csv");
  std::cout << format_timestamp(panel.timestamps_ms[train_bars]) << "\n";
  return 0;
}
