#pragma once
// Bars of a CSV file (market/csv_panel.hpp), one after the other.

#include "engine/shell/feed.hpp"
#include "market/panel.hpp"

namespace regent::engine {

class PanelFeed final : public Feed {
 public:
  explicit PanelFeed(market::Panel panel) : panel_(std::move(panel)) {}
  const std::vector<std::string>& symbols() const override { return panel_.symbols; }
  bool live() const override { return false; }
  std::optional<Bar> next(int timeout_ms) override;
  bool ended() const override { return next_ == panel_.bars(); }
  std::size_t bars_ahead() const override { return panel_.bars() - next_; }

 private:
  market::Panel panel_;
  std::size_t next_ = 0;
};

}  // namespace regent::engine
