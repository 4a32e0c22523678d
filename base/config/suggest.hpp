#pragma once
// The known name that a person most likely meant.

#include <span>
#include <string>
#include <string_view>

namespace regent {

// Optimal string alignment distance: insertions, deletions, replacements and swaps of two neighbours.
// Source: Damerau (1964); Boytsov (2011) for the restricted form.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The nearest of `names`; empty when none is near enough to be helpful. The first wins among equals.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

// ", did you mean 'x'?" or nothing.
std::string suggestion(std::string_view name, std::span<const std::string> names);

}  // namespace regent
