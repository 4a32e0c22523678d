#include "engine/core/bar.hpp"

#include <bit>
#include <cmath>

namespace regent::engine {

market::BarView Bar::view() const {
  market::BarView view;
  view.timestamp_ms = timestamp_ms;
  for (std::size_t i = 0; i < columns.size(); ++i) view.columns[i] = columns[i];
  return view;
}

Bar Bar::from(const market::BarView& view, std::uint64_t sequence) {
  Bar bar;
  bar.sequence = sequence;
  bar.timestamp_ms = view.timestamp_ms;
  for (std::size_t i = 0; i < bar.columns.size(); ++i) {
    bar.columns[i].assign(view.columns[i].begin(), view.columns[i].end());
  }
  return bar;
}

namespace {
bool same_value(double left, double right) {
  return (std::isnan(left) && std::isnan(right)) ||
         std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}
}  // namespace

bool same(const Bar& left, const Bar& right) {
  if (left.timestamp_ms != right.timestamp_ms) return false;
  for (std::size_t c = 0; c < left.columns.size(); ++c) {
    if (left.columns[c].size() != right.columns[c].size()) return false;
    for (std::size_t i = 0; i < left.columns[c].size(); ++i) {
      if (!same_value(left.columns[c][i], right.columns[c][i])) return false;
    }
  }
  return true;
}

}  // namespace regent::engine
