#pragma once
// What the server needs of a set of bundles. models/ fills it in (model_bundles.hpp), tests with arithmetic;
// so the server itself knows no torch.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::server {

struct ServedDecision {
  bool warm = false;                         // false: not enough bars yet
  std::vector<double> convictions, weights;  // [symbols]
  std::vector<double> macro_posterior;       // [M]
  std::vector<double> micro_posterior;       // [K]
  std::string regime;
  double confidence = 0;
  double predicted_volatility = 0;  // NaN: unknown
};

// One bundle applied to one stream. Its state is a function of the bars alone: replaying them gives the same
// bits.
class StreamDecider {
 public:
  virtual ~StreamDecider() = default;
  virtual ServedDecision update(const market::BarView& bar) = 0;  // every bar, in order
};

struct BundleLabel {
  std::string fingerprint;
  TimestampMs serve_from_ms = 0;          // first bar that it may decide on
  TimestampMs train_end_ms = 0;           // last bar that it learnt from
  std::vector<std::string> macro_labels;  // [M], of the macro regimes
};

class ServedBundles {
 public:
  virtual ~ServedBundles() = default;
  virtual std::span<const BundleLabel> labels() const = 0;  // at least one, serve_from_ms strictly rising
  // symbols: sorted. Throws InputError when the bundle was made for other symbols or needs other columns.
  virtual std::unique_ptr<StreamDecider> make_decider(std::size_t bundle,
                                                      const std::vector<std::string>& symbols,
                                                      market::ColumnSet columns) const = 0;
};

// The newest bundle that may decide on a bar; nothing before the first bundle's first bar.
std::optional<std::size_t> bundle_for(std::span<const BundleLabel> labels, TimestampMs timestamp_ms);

}  // namespace regent::server
