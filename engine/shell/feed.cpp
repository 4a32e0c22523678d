#include "engine/shell/feed.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/shell/live_feeds.hpp"
#include "engine/shell/panel_feed.hpp"
#include "market/csv_panel.hpp"

namespace regent::engine {

namespace {

constexpr const char* sources = "--feed is replay:FILE.csv, stdin, or zmq:ENDPOINT";

std::vector<std::string> sorted_symbols(std::vector<std::string> symbols) {
  std::sort(symbols.begin(), symbols.end());
  const auto repeated = std::adjacent_find(symbols.begin(), symbols.end());
  if (repeated != symbols.end()) throw InputError("--symbols names " + *repeated + " twice");
  return symbols;
}

std::unique_ptr<Feed> live_feed(const FeedSettings& settings, std::vector<std::string> symbols) {
  if (settings.source == "stdin") {
    return std::make_unique<LineFeed>(STDIN_FILENO, "standard input", std::move(symbols));
  }
  return std::make_unique<PublisherFeed>(settings.source.substr(4), std::move(symbols));
}

}  // namespace

std::unique_ptr<Feed> open_feed(const FeedSettings& settings) {
  if (settings.source.rfind("replay:", 0) == 0) {
    if (!settings.history.empty() || !settings.symbols.empty()) {
      throw InputError("--history and --symbols are for live feeds; a replayed file holds both");
    }
    return std::make_unique<PanelFeed>(market::read_csv_panel(settings.source.substr(7)));
  }
  if (settings.source != "stdin" && settings.source.rfind("zmq:", 0) != 0) {
    throw InputError("--feed '" + settings.source + "' is unknown; " + sources);
  }
  if (settings.history.empty()) {
    if (settings.symbols.empty())
      throw InputError("a live feed needs --history FILE.csv, or --symbols A,B,…");
    return live_feed(settings, sorted_symbols(settings.symbols));
  }
  market::Panel panel = market::read_csv_panel(settings.history);
  if (!settings.symbols.empty() && sorted_symbols(settings.symbols) != panel.symbols) {
    throw InputError("--symbols are not those of " + settings.history);
  }
  auto live = live_feed(settings, panel.symbols);
  return std::make_unique<HistoryFeed>(std::make_unique<PanelFeed>(std::move(panel)), std::move(live));
}

}  // namespace regent::engine
