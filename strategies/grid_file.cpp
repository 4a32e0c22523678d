#include "strategies/grid_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::strategies {
namespace {

using Names = std::vector<std::string>;

constexpr const char* values_expected =
    "; expected a number, a list such as [10, 20, 50], or a range such as {from = 5, to = 50, step = 5}";

// A table of the file, whose faults are told with the line that they stand on.
class Section {
 public:
  // field: what its keys are called in messages, "" for those at the top
  Section(const toml::table& table, std::string file, std::string field)
      : table_(table), file_(std::move(file)), field_(std::move(field)) {}

  std::string place(const toml::node& node) const {
    return file_ + ":" + std::to_string(node.source().begin.line);
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const {
    const toml::node* node = table_.get(key);
    throw InputError(place(node != nullptr ? *node : table_) + ": " + name_of(key) + shown(node) + ": " +
                     what);
  }
  // Throws for a key that is not among `known`.
  void check_keys(const Names& known) const;
  const toml::node* find(const std::string& key) const { return table_.get(key); }
  std::string text(const std::string& key) const;
  std::optional<int> whole(const std::string& key, int least, int most) const;
  double number(const std::string& key) const;  // REQUIRES that it is there
  // A number, a list of numbers or a range.
  std::vector<double> values(const Parameter& parameter) const;

 private:
  std::string name_of(const std::string& key) const { return field_.empty() ? key : field_ + "." + key; }
  static std::string shown(const toml::node* node);
  std::vector<double> list(const std::string& key, const toml::array& array) const;
  Range range(const std::string& key, const toml::table& table) const;

  const toml::table& table_;
  std::string file_, field_;
};

std::string listed(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string Section::shown(const toml::node* node) {
  if (node == nullptr) return "";
  std::ostringstream text;
  text << " = " << toml::node_view<const toml::node>(node);
  return text.str().substr(0, 100);
}

void Section::check_keys(const Names& known) const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::ranges::find(known, name) != known.end()) continue;
    throw InputError(file_ + ":" + std::to_string(key.source().begin.line) + ": " + name_of(name) +
                     ": unknown key" + suggestion(name, known) + " (there are " + listed(known) + ")");
  }
}

std::string Section::text(const std::string& key) const {
  const toml::node* node = find(key);
  if (node == nullptr) refuse(key, "missing");
  const auto value = node->value_exact<std::string>();
  if (!value) refuse(key, "expected a text");
  return *value;
}

std::optional<int> Section::whole(const std::string& key, int least, int most) const {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most)
    refuse(key, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<int>(*value);
}

double Section::number(const std::string& key) const {
  const auto* node = find(key);
  if (!node->is_number() || !std::isfinite(*node->value<double>())) refuse(key, "expected a number");
  return *node->value<double>();
}

std::vector<double> Section::list(const std::string& key, const toml::array& array) const {
  std::vector<double> values;
  for (const toml::node& item : array) {
    if (!item.is_number()) refuse(key, std::string("an entry is no number") + values_expected);
    values.push_back(*item.value<double>());
  }
  if (values.empty()) refuse(key, std::string("no value") + values_expected);
  return values;
}

Range Section::range(const std::string& key, const toml::table& table) const {
  const Section section(table, file_, name_of(key));
  section.check_keys({"from", "to", "step"});
  if (!table.contains("from") || !table.contains("to")) refuse(key, "a range needs from and to");
  Range range{section.number("from"), section.number("to")};
  if (table.contains("step")) range.step = section.number("step");
  if (const std::string fault = range.fault(); !fault.empty()) refuse(key, fault);
  return range;
}

std::vector<double> Section::values(const Parameter& parameter) const {
  const toml::node* node = find(parameter.name);
  std::vector<double> values;
  if (node->is_number()) {
    values = {number(parameter.name)};
  } else if (const auto* array = node->as_array()) {
    values = list(parameter.name, *array);
  } else if (const auto* table = node->as_table()) {
    values = range(parameter.name, *table).values();
  } else {
    refuse(parameter.name, std::string("no number, list or range") + values_expected);
  }
  if (const std::string fault = fault_of(parameter, values); !fault.empty()) refuse(parameter.name, fault);
  return values;
}

// The axes that a section names, of these parameters.
Axes axes_of(const Section& section, const std::vector<Parameter>& parameters) {
  Axes axes;
  for (const Parameter& parameter : parameters)
    if (section.find(parameter.name) != nullptr) axes[parameter.name] = section.values(parameter);
  return axes;
}

Combinations combinations_of(const toml::table& table, const std::string& file, const Axes& of_all) {
  const Section unnamed(table, file, "strategy");
  const std::string name = unnamed.text("name");
  try {
    family_named(name);
  } catch (const InputError& error) {
    unnamed.refuse("name", error.what());
  }
  const Family& family = family_named(name);
  const Section section(table, file, name);
  const auto parameters = all_parameters(family);
  Names known{"name"};
  for (const Parameter& parameter : parameters) known.push_back(parameter.name);
  section.check_keys(known);
  Axes axes = axes_of(section, parameters);
  axes.insert(of_all.begin(), of_all.end());
  try {
    return {family, axes, true};
  } catch (const InputError& error) {
    throw InputError(section.place(table) + ": " + error.what());
  }
}

void add_strategy(const toml::table& table, const std::string& file, const Axes& of_all,
                  std::map<std::string, std::int64_t>& lines, GridFile& grid) {
  grid.strategies.push_back(combinations_of(table, file, of_all));
  const std::string& name = grid.strategies.back().family().name;
  const auto [at, is_new] = lines.emplace(name, table.source().begin.line);
  if (!is_new)
    Section(table, file, "strategy").refuse("name", "stands already at line " + std::to_string(at->second));
}

toml::table parsed(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw InputError(file + ":" + std::to_string(error.source().begin.line) +
                     ": no valid TOML: " + std::string(error.description()));
  }
}

}  // namespace

GridFile grid_from_toml(const std::string& text, const std::string& file) {
  const toml::table root = parsed(text, file);
  const Section top(root, file, "");
  top.check_keys({"blocks", "folds", "purge", "stop", "target", "strategy"});
  GridFile grid;
  grid.blocks = top.whole("blocks", 2, 16);
  if (grid.blocks.value_or(2) % 2 != 0) top.refuse("blocks", "expected an even number");
  grid.folds = top.whole("folds", 0, 100);
  grid.purge_bars = top.whole("purge", 0, 1'000'000);
  const Axes of_all = axes_of(top, level_parameters());
  if (!root.contains("strategy")) throw InputError(file + ": no [[strategy]] in it");
  const auto* list = root.get_as<toml::array>("strategy");
  if (list == nullptr || list->empty()) top.refuse("strategy", "every strategy begins with [[strategy]]");
  std::map<std::string, std::int64_t> lines;
  for (const toml::node& node : *list) {
    const auto* table = node.as_table();
    if (table == nullptr) top.refuse("strategy", "every strategy begins with [[strategy]]");
    add_strategy(*table, file, of_all, lines, grid);
  }
  return grid;
}

}  // namespace regent::strategies
