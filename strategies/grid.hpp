#pragma once
// Grids of parameters and the combinations that they make.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "strategies/family.hpp"

namespace regent::strategies {

// Combinations of one family that one sweep may have; results take about 0.5 KB each.
inline constexpr std::uint64_t combinations_max = 1'000'000;

using GridTexts = std::map<std::string, std::string>;  // parameter → "5:100:5", "5:10", "20" or "5/10/20"

// "fast=5:100:5,slow=20/50" → the texts by parameter. Throws InputError naming the piece that is wrong.
GridTexts parse_grid(const std::string& text);

// A range (its end included where a step reaches it), a value, or a list. Throws InputError naming parameter,
// text and what would be right: a value out of the parameter's range, no whole number where one is needed,
// twice the same.
std::vector<double> parse_axis(const Parameter& parameter, const std::string& text);

// Every choice of values that meets the family's condition; the first parameter runs fastest.
class Combinations {
 public:
  // Parameters without a text take their own grid (`sweep`), or their fallback. Throws InputError for a text
  // of a parameter that the family has not, when `strict`; for more than combinations_max; and when none is
  // left.
  Combinations(const Family& family, const GridTexts& texts, bool sweep, bool strict);
  std::size_t size() const { return chosen_.size(); }
  const Family& family() const { return *family_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }  // with stop and target
  const std::vector<double>& axis(std::size_t parameter) const { return axes_[parameter]; }
  // values: [parameters()]
  void values(std::size_t combination, std::span<double> values) const;
  std::vector<double> values(std::size_t combination) const;
  std::string text(std::size_t combination) const;  // "fast=20 slow=100", without zero stops and targets

 private:
  const Family* family_;
  std::vector<Parameter> parameters_;
  std::vector<std::vector<double>> axes_;
  std::vector<std::uint32_t> chosen_;
};

}  // namespace regent::strategies
