#include "base/config/suggest.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace regent {
namespace {

constexpr std::size_t compared_max = 128;  // hostile names cost no more than this squared

// "learning_rate" of "ppo.learning_rate".
std::string_view last_part(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  left = left.substr(0, compared_max);
  right = right.substr(0, compared_max);
  std::vector<std::size_t> before(right.size() + 1), previous(right.size() + 1), current(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[right.size()];
}

std::string nearest_name(std::string_view name, std::span<const std::string> names) {
  std::string nearest;
  std::size_t smallest = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : names) {
    // A right key in the wrong or in no section is one mistake.
    const bool only_section = last_part(candidate) == last_part(name) && candidate != last_part(candidate);
    const std::size_t distance = only_section ? std::min<std::size_t>(1, edit_distance(name, candidate))
                                              : edit_distance(name, candidate);
    if (distance < smallest) {
      smallest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view name, std::span<const std::string> names) {
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? "" : ", did you mean '" + nearest + "'?";
}

}  // namespace regent
