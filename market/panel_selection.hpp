#pragma once
// Parts of a panel.

#include <span>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market {

// The symbols at these positions, in this order (increasing positions keep the panel sorted).
Panel with_symbols(const Panel& panel, std::span<const std::size_t> positions);
// By name. Throws InputError for a name that the panel does not have.
Panel with_symbol_names(const Panel& panel, std::vector<std::string> names);

// Positions of the symbols that have at least one close.
std::vector<std::size_t> symbols_with_closes(const Panel& panel);
// The times of the bars in which the symbol has a close.
std::vector<TimestampMs> close_times(const Panel& panel, std::size_t symbol);
// Without symbols that never have a close and without bars in which no symbol has any value.
Panel without_empty(const Panel& panel);

}  // namespace regent::market
