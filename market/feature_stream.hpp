#pragma once
// Causal features, one bar of all symbols at a time. The batch form runs the same stream, so live equals
// batch to the last bit and nothing can look ahead.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market {

// Declared once per feature, in market/features/.
struct FeatureSpec {
  std::string name;  // "realised_volatility_20"
  std::string formula;
  std::string source;         // author, year or textbook
  int window_bars;            // bars that the formula reads, the current one included
  int warmup_bars;            // bars before the first value (window_bars - 1); NaN until then
  std::vector<Column> needs;  // columns; a panel without them leaves the feature out and says so
  bool cross_sectional;       // uses the other symbols of the same bar
};

std::span<const FeatureSpec> feature_catalogue();
const FeatureSpec* find_feature(std::string_view name);

// Names of the catalogue that `columns` can feed; the others go into *left_out as "name: needs volume".
std::vector<std::string> available_features(ColumnSet columns, std::vector<std::string>* left_out = nullptr);

// Of the `wanted` names (or of all, when wanted is {"all"}), those that `columns` can feed, in the order of
// `wanted`; the others go into *left_out. Throws InputError for an unknown name.
std::vector<std::string> usable_features(const std::vector<std::string>& wanted, ColumnSet columns,
                                         std::vector<std::string>* left_out = nullptr);

class FeatureStream {
 public:
  // Throws InputError for an unknown name (with the nearest known one) or a missing column.
  FeatureStream(std::vector<std::string> names, std::size_t symbols, ColumnSet columns);
  ~FeatureStream();
  FeatureStream(const FeatureStream&);  // goes on by itself from here
  FeatureStream(FeatureStream&&) noexcept;
  FeatureStream& operator=(FeatureStream&&) noexcept;

  void update(const BarView& bar);
  std::span<const double> values()
      const;  // [features, symbols] of the last bar, symbol fastest; NaN: warming or missing
  const std::vector<std::string>& names() const;
  int warmup_bars() const;  // the longest of all features
  // A new stream that is fed the last history_bars bars gives the same bits as one that was fed all bars.
  int history_bars() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct FeatureTable {
  std::vector<std::string> names;
  std::size_t bars = 0, symbols = 0;
  std::vector<double> values;  // [bars, features, symbols]
  std::span<const double> bar(std::size_t index) const {
    return std::span(values).subspan(index * names.size() * symbols, names.size() * symbols);
  }
};
FeatureTable compute_features(const Panel& panel, const std::vector<std::string>& names);

}  // namespace regent::market
