#include "strategies/grid.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/trimmed.hpp"

namespace regent::strategies {
namespace {

constexpr std::size_t axis_values_max = 100'000;

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

double steps_of(const Range& range) {
  return std::floor((range.last - range.first) / range.step + 1e-9);
}

[[noreturn]] void refuse(const Parameter& parameter, const std::string& text, const std::string& why) {
  throw InputError(
      parameter.name + "=" + text + ": " + why +
      "; expected FIRST:LAST:STEP, a value, or values with / between, such as 5:100:5, 20 or 10/20/50");
}

double number(const Parameter& parameter, const std::string& whole, const std::string& piece) {
  double value = 0;
  const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), value);
  if (error != std::errc{} || end != piece.data() + piece.size() || !std::isfinite(value)) {
    refuse(parameter, whole, "\"" + piece + "\" is no number");
  }
  return value;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> pieces;
  std::istringstream in(text);
  for (std::string piece; std::getline(in, piece, at);) pieces.push_back(piece);
  if (text.empty() || text.back() == at) pieces.emplace_back();
  return pieces;
}

std::vector<double> range(const Parameter& parameter, const std::string& text) {
  const auto pieces = split(text, ':');
  if (pieces.size() > 3) refuse(parameter, text, "too many colons");
  Range range{number(parameter, text, pieces[0]), number(parameter, text, pieces[1])};
  if (pieces.size() == 3) range.step = number(parameter, text, pieces[2]);
  if (const std::string fault = range.fault(); !fault.empty()) refuse(parameter, text, fault);
  return range.values();
}

std::string names_of(const std::vector<Parameter>& parameters) {
  std::string list;
  for (const auto& parameter : parameters) list += (list.empty() ? "" : ", ") + parameter.name;
  return list;
}

void check_names(const Family& family, const std::vector<Parameter>& parameters, const GridTexts& texts) {
  for (const auto& [name, text] : texts) {
    if (std::ranges::find(parameters, name, &Parameter::name) != parameters.end()) continue;
    std::vector<std::string> names;
    for (const auto& parameter : parameters) names.push_back(parameter.name);
    throw InputError(family.name + " has no parameter \"" + name + "\"" + suggestion(name, names) +
                     "; it has " + names_of(parameters));
  }
}

// volume-window, as flags are spelt, is volume_window.
std::string parameter_named(std::string_view text) {
  std::string name(text);
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace

GridTexts parse_grid(const std::string& text) {
  GridTexts texts;
  if (text.empty()) return texts;
  for (const auto& piece : split(text, ',')) {
    const auto equals = std::min(piece.find('='), piece.size());
    const std::string name = parameter_named(trimmed(std::string_view(piece).substr(0, equals)));
    const std::string values(trimmed(std::string_view(piece).substr(std::min(equals + 1, piece.size()))));
    if (name.empty() || values.empty())
      throw InputError("grid \"" + piece + "\": expected NAME=VALUES, such as fast=5:100:5");
    if (!texts.emplace(name, values).second)
      throw InputError("grid \"" + piece + "\": " + name + " stands twice");
  }
  return texts;
}

std::string Range::fault() const {
  if (!(step > 0)) return "the step must be positive";
  if (last < first) return "the last value is below the first";
  if (!(steps_of(*this) < axis_values_max)) return "more than " + std::to_string(axis_values_max) + " values";
  return "";
}

std::vector<double> Range::values() const {
  std::vector<double> values;
  // to ten digits, as they were written: 0.1 + 2·0.1 is 0.3
  for (int i = 0; i <= static_cast<int>(steps_of(*this)); ++i)
    values.push_back(std::stod(short_number(first + i * step)));
  return values;
}

std::string fault_of(const Parameter& parameter, std::span<const double> values) {
  for (const double value : values) {
    if (!(value >= parameter.least && value <= parameter.most))
      return short_number(value) + " is not between " + short_number(parameter.least) + " and " +
             short_number(parameter.most);
    if (parameter.is_whole && value != std::floor(value)) return short_number(value) + " is not whole";
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  return twice == sorted.end() ? "" : short_number(*twice) + " stands twice";
}

std::vector<double> parse_axis(const Parameter& parameter, const std::string& text) {
  std::vector<double> values;
  if (text.find(':') != std::string::npos) {
    values = range(parameter, text);
  } else {
    for (const auto& piece : split(text, '/')) values.push_back(number(parameter, text, piece));
  }
  if (const std::string fault = fault_of(parameter, values); !fault.empty()) refuse(parameter, text, fault);
  return values;
}

Axes parse_axes(const Family& family, const GridTexts& texts, bool strict) {
  const auto parameters = all_parameters(family);
  if (strict) check_names(family, parameters, texts);
  Axes axes;
  for (const auto& parameter : parameters) {
    const auto text = texts.find(parameter.name);
    if (text != texts.end()) axes[parameter.name] = parse_axis(parameter, text->second);
  }
  return axes;
}

Combinations::Combinations(const Family& family, const Axes& axes, bool sweep)
    : family_(&family), parameters_(all_parameters(family)) {
  std::uint64_t product = 1;
  for (const auto& parameter : parameters_) {
    const auto given = axes.find(parameter.name);
    const std::string own = sweep ? parameter.grid : short_number(parameter.fallback);
    axes_.push_back(given != axes.end() ? given->second : parse_axis(parameter, own));
    product *= axes_.back().size();  // at most 1e6·1e5: no overflow
    if (product > combinations_max) {
      throw InputError(family.name + ": the grid has more than " + std::to_string(combinations_max) +
                       " combinations; take larger steps, or sweep in parts");
    }
  }
  choose(static_cast<std::uint32_t>(product));
  if (chosen_.empty())
    throw InputError(family.name + ": no combination of the grid meets " + family.condition);
}

// In pieces on all cores, and these in order.
void Combinations::choose(std::uint32_t product) {
  constexpr std::uint32_t piece = 4096;
  std::vector<std::vector<std::uint32_t>> of_piece((product + piece - 1) / piece);
  tbb::parallel_for(std::size_t{0}, of_piece.size(), [&](std::size_t p) {
    std::vector<double> chosen(parameters_.size());
    const auto first = static_cast<std::uint32_t>(p) * piece;
    for (std::uint32_t i = first; i < std::min(product, first + piece); ++i) {
      values_of(i, chosen);
      if (!family_->meets || family_->meets(chosen)) of_piece[p].push_back(i);
    }
  });
  for (const auto& some : of_piece) chosen_.insert(chosen_.end(), some.begin(), some.end());
}

void Combinations::values(std::size_t combination, std::span<double> values) const {
  values_of(chosen_[combination], values);
}

void Combinations::values_of(std::uint32_t rest, std::span<double> values) const {
  for (std::size_t p = 0; p < axes_.size(); ++p) {
    const auto count = static_cast<std::uint32_t>(axes_[p].size());
    values[p] = axes_[p][rest % count];
    rest /= count;
  }
}

std::vector<double> Combinations::values(std::size_t combination) const {
  std::vector<double> all(parameters_.size());
  values(combination, all);
  return all;
}

Combinations Combinations::only(std::span<const std::size_t> combinations) const {
  Combinations some = *this;
  some.chosen_.clear();
  for (const std::size_t combination : combinations) some.chosen_.push_back(chosen_[combination]);
  return some;
}

std::string Combinations::text(std::size_t combination) const {
  const auto all = values(combination);
  std::string text;
  for (std::size_t p = 0; p < all.size(); ++p) {
    if (p >= family_->parameters.size() && all[p] == 0) continue;
    text += (text.empty() ? "" : " ") + parameters_[p].name + "=" + short_number(all[p]);
  }
  return text;
}

}  // namespace regent::strategies
