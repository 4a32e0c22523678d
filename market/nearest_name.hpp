#pragma once
// The known name most like a mistyped one, for error messages.

#include <span>
#include <string>
#include <string_view>

namespace regent::market {

// By edit distance (Levenshtein, 1966); the first of equals. Empty when `known` is empty.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace regent::market
