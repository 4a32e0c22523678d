#include "engine/shell/panel_feed.hpp"

namespace regent::engine {

std::optional<Bar> PanelFeed::next(int) {
  if (ended()) return std::nullopt;
  return Bar::from(panel_.bar(next_++), 0);
}

}  // namespace regent::engine
