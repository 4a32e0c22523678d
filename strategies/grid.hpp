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

// "fast=5:100:5, slow=20/50" → the texts by parameter; volume-window is volume_window. Throws InputError
// naming the piece that is wrong.
GridTexts parse_grid(const std::string& text);

// first, first + step, …, to ten digits; `last` included where a step reaches it.
struct Range {
  double first = 0, last = 0, step = 1;
  std::string fault() const;           // what is wrong with it, in words; "": nothing
  std::vector<double> values() const;  // REQUIRES no fault
};

// What is wrong with a parameter's values, in words; "": nothing. One out of the parameter's limits, no whole
// number where one is needed, twice the same.
std::string fault_of(const Parameter& parameter, std::span<const double> values);

// A range, a value, or a list. Throws InputError naming parameter, text, fault and what would be right.
std::vector<double> parse_axis(const Parameter& parameter, const std::string& text);

using Axes = std::map<std::string, std::vector<double>>;  // parameter → the values to try, faultless
// Of the family's parameters that have a text. Throws InputError as parse_axis does, and for a text of a
// parameter that the family has not, when `strict`.
Axes parse_axes(const Family& family, const GridTexts& texts, bool strict);

// Every choice of values that meets the family's condition; the first parameter runs fastest.
class Combinations {
 public:
  // Parameters without an axis take their own grid (`sweep`), or their fallback. Throws InputError for more
  // than combinations_max, and when none is left.
  Combinations(const Family& family, const Axes& axes, bool sweep);
  Combinations(const Family& family, const GridTexts& texts, bool sweep, bool strict)
      : Combinations(family, parse_axes(family, texts, strict), sweep) {}
  std::size_t size() const { return chosen_.size(); }
  const Family& family() const { return *family_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }  // with stop and target
  const std::vector<double>& axis(std::size_t parameter) const { return axes_[parameter]; }
  // values: [parameters()]
  void values(std::size_t combination, std::span<double> values) const;
  std::vector<double> values(std::size_t combination) const;
  std::string text(std::size_t combination) const;  // "fast=20 slow=100", without zero stops and targets
  // Those of these alone, in their order.
  Combinations only(std::span<const std::size_t> combinations) const;

 private:
  const Family* family_;
  std::vector<Parameter> parameters_;
  std::vector<std::vector<double>> axes_;
  std::vector<std::uint32_t> chosen_;
  void choose(std::uint32_t product);
  // of the `rest`-th of all choices of values
  void values_of(std::uint32_t rest, std::span<double> values) const;
};

}  // namespace regent::strategies
