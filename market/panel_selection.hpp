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

}  // namespace regent::market
