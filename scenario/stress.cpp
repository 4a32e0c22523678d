#include "scenario/stress.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::scenario {
namespace {

using Names = std::vector<std::string>;

const std::map<std::string, Names>& keys_of_kinds() {
  static const std::map<std::string, Names> keys{
      {"crisis", {"moves", "volatility", "half_life", "spread", "impact"}},
      {"bear_market", {"bars", "total", "volatility", "spread"}},
      {"volatility_spike", {"multiple", "half_life"}},
      {"liquidity_shock", {"bars", "spread", "impact"}},
      {"trend_reversal", {"bars", "strength"}},
      {"jump_storm", {"bars", "multiple"}},
      {"regime", {"bars", "regime"}}};
  return keys;
}

// What a kind cannot do without.
const std::map<std::string, Names>& needed_of_kinds() {
  static const std::map<std::string, Names> keys{{"crisis", {"moves"}},
                                                 {"bear_market", {"bars", "total"}},
                                                 {"volatility_spike", {"multiple"}},
                                                 {"liquidity_shock", {"bars", "spread"}},
                                                 {"trend_reversal", {"bars"}},
                                                 {"jump_storm", {"bars", "multiple"}},
                                                 {"regime", {"bars", "regime"}}};
  return keys;
}

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Names kinds() {
  Names names;
  for (const auto& [kind, keys] : keys_of_kinds()) names.push_back(kind);
  return names;
}

class Entry {
 public:
  Entry(const toml::table& table, std::string origin) : table_(table), origin_(std::move(origin)) {}

  std::string place(const toml::node* node) const {
    return origin_ + ":" + std::to_string((node != nullptr ? node->source() : table_.source()).begin.line);
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const {
    throw InputError(place(table_.get(key)) + ": stress." + key + ": " + what);
  }
  bool has(const std::string& key) const { return table_.contains(key); }
  std::string text(const std::string& key) const {
    if (!has(key)) refuse(key, "missing; every stress needs it");
    const auto value = table_.get(key)->value_exact<std::string>();
    if (!value) refuse(key, "a text is needed");
    return *value;
  }
  void number(const std::string& key, double low, double high, double& value) const {
    if (!has(key)) return;
    const auto* node = table_.get(key);
    if (!node->is_number()) refuse(key, "a number is needed");
    value = number_of(key, *node, low, high);
  }
  void count(const std::string& key, std::int64_t low, std::int64_t& value) const {
    if (!has(key)) return;
    const auto given = table_.get(key)->value_exact<std::int64_t>();
    if (!given || *given < low || *given > 10'000'000)
      refuse(key, "a whole number from " + std::to_string(low) + " to 10000000 is needed");
    value = *given;
  }
  void numbers(const std::string& key, double low, double high, std::vector<double>& values) const {
    if (!has(key)) return;
    const auto* list = table_.get(key)->as_array();
    if (list == nullptr || list->empty()) refuse(key, "a list of numbers is needed");
    for (const toml::node& node : *list) {
      if (!node.is_number()) refuse(key, "a list of numbers is needed");
      values.push_back(number_of(key, node, low, high));
    }
  }
  void check_keys(const std::string& kind) const {
    Names known{"name", "kind", "at"};
    const Names& own = keys_of_kinds().at(kind);
    known.insert(known.end(), own.begin(), own.end());
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) == known.end())
        refuse(name, "unknown key of " + kind + suggestion(name, known) + " (it has " + joined(known) + ")");
    }
    for (const std::string& key : needed_of_kinds().at(kind)) {
      if (!has(key)) refuse(key, "missing; " + kind + " needs " + joined(needed_of_kinds().at(kind)));
    }
  }

 private:
  double number_of(const std::string& key, const toml::node& node, double low, double high) const {
    const double value = *node.value<double>();
    if (value >= low && value <= high) return value;
    std::ostringstream text;
    text << value << " is out of range; from " << low << " to " << high << " is possible";
    refuse(key, text.str());
  }
  const toml::table& table_;
  std::string origin_;
};

std::string kind_of(const Entry& entry) {
  std::string kind = entry.text("kind");
  if (!keys_of_kinds().contains(kind))
    entry.refuse("kind", "unknown kind '" + kind + "'" + suggestion(kind, kinds()) + " (there are " +
                             joined(kinds()) + ")");
  return kind;
}

std::string name_of(const Entry& entry) {
  std::string name = entry.text("name");
  const bool plain = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!plain) entry.refuse("name", "'" + name + "': letters, digits, _ and - are possible, up to 64 of them");
  if (name == baseline_name) entry.refuse("name", "'baseline' is the name of what has no stress");
  return name;
}

StressPart part_of(const Entry& entry, const toml::table& table) {
  StressPart part;
  part.kind = kind_of(entry);
  part.origin = entry.place(&table);
  entry.check_keys(part.kind);
  entry.count("at", 0, part.at);
  entry.count("bars", 1, part.bars);
  entry.numbers("moves", -0.99, 4, part.moves);
  entry.number("volatility", 0, 100, part.volatility);
  entry.number("half_life", 0, 1e6, part.half_life);
  entry.number("spread", 0, 1000, part.spread);
  entry.number("impact", 0, 1000, part.impact);
  entry.number("total", -0.99, 10, part.total);
  entry.number("multiple", 0, 100, part.multiple);
  entry.number("strength", -100, 100, part.strength);
  if (part.kind == "regime") part.regime = entry.text("regime");
  return part;
}

void add(std::vector<NamedStress>& all, const std::string& name, StressPart part) {
  auto at = std::ranges::find(all, name, &NamedStress::name);
  if (at == all.end()) at = all.insert(all.end(), {name, {}});
  at->parts.push_back(std::move(part));
}

int regime_of(const StressPart& part, const std::vector<std::string>& labels) {
  const auto at = std::ranges::find(labels, part.regime);
  if (at != labels.end()) return static_cast<int>(at - labels.begin());
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (part.regime == std::to_string(k)) return static_cast<int>(k);
  }
  throw InputError(
      part.origin + ": regime '" + part.regime + "' is none of this source" +
      suggestion(part.regime, labels) +
      (labels.empty() ? " (history has no regimes to stay in)" : " (there are " + joined(labels) + ")"));
}

// What is left of an excess `steps` steps later; without a half-life it lasts.
double faded(double multiple, double half_life, int steps) {
  if (steps <= 0 || half_life <= 0) return steps <= 0 ? multiple : 1;
  return 1 + (multiple - 1) * std::exp2(-steps / half_life);
}

void lay(const StressPart& part, const std::vector<std::string>& labels,
         std::vector<cuda::scenario::Stress>& schedule) {
  const auto steps = static_cast<int>(schedule.size()), at = static_cast<int>(part.at);
  const auto moves = static_cast<int>(part.moves.size());
  const int during = part.kind == "crisis"             ? moves
                     : part.kind == "volatility_spike" ? 1
                                                       : static_cast<int>(part.bars);
  const int regime = part.kind == "regime" ? regime_of(part, labels) : -1;
  for (int t = at; t < steps; ++t) {
    auto& stress = schedule[t];
    const int since = t - at, after = since - during + 1;
    const bool inside = since < during;
    if (part.kind == "crisis") {
      if (inside) stress.market_move += std::log1p(part.moves[since]);
      stress.volatility *= faded(part.volatility, part.half_life, after);
      stress.spread *= faded(part.spread, part.half_life, after);
      stress.impact *= faded(part.impact, part.half_life, after);
    } else if (part.kind == "volatility_spike") {
      stress.volatility *= faded(part.multiple, part.half_life, after);
    } else if (inside) {
      if (part.kind == "bear_market")
        stress.market_move += std::log1p(part.total) / static_cast<double>(part.bars);
      if (part.kind == "bear_market") stress.volatility *= part.volatility;
      if (part.kind == "bear_market" || part.kind == "liquidity_shock") stress.spread *= part.spread;
      if (part.kind == "liquidity_shock") stress.impact *= part.impact;
      if (part.kind == "trend_reversal") stress.drift *= -part.strength;
      if (part.kind == "jump_storm") stress.jumps *= part.multiple;
      if (regime >= 0) stress.regime = regime;
    }
  }
}

}  // namespace

std::vector<NamedStress> stresses_from_toml(const std::string& text, const std::string& origin) {
  toml::table root;
  try {
    root = toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    throw InputError(origin + ":" + std::to_string(error.source().begin.line) +
                     ": no TOML: " + std::string(error.description()));
  }
  for (const auto& [key, node] : root) {
    if (key.str() != "stress")
      throw InputError(origin + ":" + std::to_string(node.source().begin.line) + ": unknown key '" +
                       std::string(key.str()) + "'; every stress begins with [[stress]]");
  }
  const auto* list = root.get_as<toml::array>("stress");
  if (list == nullptr || list->empty()) throw InputError(origin + ": no [[stress]] in it");
  std::vector<NamedStress> all;
  for (const toml::node& node : *list) {
    const auto* table = node.as_table();
    if (table == nullptr) throw InputError(origin + ": every stress is a table, begun with [[stress]]");
    const Entry entry(*table, origin);
    StressPart part = part_of(entry, *table);
    add(all, name_of(entry), std::move(part));
  }
  return all;
}

std::vector<cuda::scenario::Stress> schedule_of(const NamedStress& stress, int steps,
                                                const std::vector<std::string>& labels) {
  std::vector<cuda::scenario::Stress> schedule(steps);
  for (const StressPart& part : stress.parts) {
    if (part.at >= steps)
      throw InputError(part.origin + ": begins at step " + std::to_string(part.at) + ", but there are " +
                       std::to_string(steps) + " steps, from 0");
    lay(part, labels, schedule);
  }
  return schedule;
}

}  // namespace regent::scenario
