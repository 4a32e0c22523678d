#include "market/feature_stream.hpp"

#include <algorithm>
#include <limits>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "market/features/feature.hpp"

namespace regent::market {

namespace {

const Feature& require_feature(const std::string& name) {
  const auto& features = all_features();
  const auto found = std::ranges::find_if(features, [&](const Feature& f) { return f.spec.name == name; });
  if (found != features.end()) return *found;
  std::vector<std::string> known;
  for (const auto& feature : features) known.push_back(feature.spec.name);
  throw InputError("unknown feature '" + name + "'" + suggestion(name, known));
}

void require_columns(const FeatureSpec& spec, ColumnSet columns) {
  for (const Column column : spec.needs) {
    if (columns.has(column)) continue;
    throw InputError("feature \"" + spec.name + "\" needs the column " +
                     column_names[static_cast<std::size_t>(column)] + ", which this data does not have");
  }
}

}  // namespace

struct FeatureStream::State {
  std::vector<std::string> names;
  std::vector<const Feature*> features;  // into the catalogue
  int warmup_bars = 0;
  History history;
  std::vector<double> values;

  State(std::vector<std::string> wanted, std::size_t symbols, ColumnSet columns)
      : names(std::move(wanted)),
        features(look_up(names, columns)),
        warmup_bars(longest_warmup(features)),
        history(symbols, columns, static_cast<std::size_t>(warmup_bars) + 2),
        values(names.size() * symbols, std::numeric_limits<double>::quiet_NaN()) {}

  static std::vector<const Feature*> look_up(const std::vector<std::string>& names, ColumnSet columns) {
    if (!columns.has(Column::close)) throw InputError("features need a close column; this data has none");
    std::vector<const Feature*> found;
    for (const auto& name : names) {
      const auto& feature = require_feature(name);
      require_columns(feature.spec, columns);
      if (std::ranges::find(found, &feature) != found.end()) {
        throw InputError("feature \"" + name + "\" is named twice; each may be named once");
      }
      found.push_back(&feature);
    }
    return found;
  }

  static int longest_warmup(const std::vector<const Feature*>& features) {
    int longest = 0;
    for (const Feature* feature : features) longest = std::max(longest, feature->spec.warmup_bars);
    return longest;
  }

  void compute(const Feature& feature, double* out) const {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    if (history.bars_seen() <= static_cast<std::size_t>(feature.spec.warmup_bars)) {
      std::fill_n(out, history.symbols(), nan);
      return;
    }
    if (feature.whole_bar) {
      feature.whole_bar(history, out);
    } else {
      for (std::size_t first = 0; first < history.symbols(); first += lanes_max) {
        const std::size_t lanes = std::min(lanes_max, history.symbols() - first);
        feature.body({history, first, lanes}, out + first);
      }
    }
    const double* close = history.row(Series::close, 0);
    for (std::size_t s = 0; s < history.symbols(); ++s) out[s] = close[s] == close[s] ? out[s] : nan;
  }
};

FeatureStream::FeatureStream(std::vector<std::string> names, std::size_t symbols, ColumnSet columns)
    : state_(std::make_unique<State>(std::move(names), symbols, columns)) {}
FeatureStream::~FeatureStream() = default;
FeatureStream::FeatureStream(const FeatureStream& other) : state_(std::make_unique<State>(*other.state_)) {}
FeatureStream::FeatureStream(FeatureStream&&) noexcept = default;
FeatureStream& FeatureStream::operator=(FeatureStream&&) noexcept = default;

void FeatureStream::update(const BarView& bar) {
  state_->history.push(bar);
  double* out = state_->values.data();
  for (const Feature* feature : state_->features) {
    state_->compute(*feature, out);
    out += state_->history.symbols();
  }
}

std::span<const double> FeatureStream::values() const {
  return state_->values;
}
const std::vector<std::string>& FeatureStream::names() const {
  return state_->names;
}
int FeatureStream::warmup_bars() const {
  return state_->warmup_bars;
}
int FeatureStream::history_bars() const {
  return state_->warmup_bars + 1 + carry_bars_max;
}

std::vector<std::string> usable_features(const std::vector<std::string>& wanted, ColumnSet columns,
                                         std::vector<std::string>* left_out) {
  if (wanted.size() == 1 && wanted.front() == "all") return available_features(columns, left_out);
  std::vector<std::string> unfed;
  const auto available = available_features(columns, &unfed);
  std::vector<std::string> usable;
  for (const auto& name : wanted) {
    const std::string& known = require_feature(name).spec.name;
    if (std::ranges::find(available, known) != available.end()) {
      usable.push_back(known);
      continue;
    }
    const auto reason =
        std::ranges::find_if(unfed, [&](const std::string& r) { return r.starts_with(known + ":"); });
    if (left_out != nullptr) left_out->push_back(*reason);
  }
  return usable;
}

FeatureTable compute_features(const Panel& panel, const std::vector<std::string>& names) {
  FeatureStream stream(names, panel.symbol_count(), panel.column_set());
  FeatureTable table;
  table.names = names;
  table.bars = panel.bars();
  table.symbols = panel.symbol_count();
  table.values.reserve(table.bars * names.size() * table.symbols);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    stream.update(panel.bar(bar));
    table.values.insert(table.values.end(), stream.values().begin(), stream.values().end());
  }
  return table;
}

}  // namespace regent::market
