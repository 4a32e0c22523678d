#include "strategies/commands/regime_series.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/commands/model_choice.hpp"
#include "hmm/commands/series_source.hpp"
#include "hmm/inference.hpp"
#include "hmm/summary.hpp"

namespace regent::strategies {
namespace {

std::vector<std::int32_t> most_probable(const hmm::Model& model, std::span<const double> probability) {
  const auto states = static_cast<std::size_t>(model.states());
  std::vector<std::int32_t> best;
  std::vector<double> sums(static_cast<std::size_t>(hmm::regimes_of(model)));
  for (std::size_t row = 0; row + states <= probability.size(); row += states) {
    std::ranges::fill(sums, 0);
    for (std::size_t k = 0; k < states; ++k) {
      sums[static_cast<std::size_t>(hmm::regime_of_state(model, static_cast<int>(k)))] +=
          probability[row + k];
    }
    const bool unknown = std::ranges::any_of(sums, [](double p) { return std::isnan(p); });
    best.push_back(unknown ? -1 : static_cast<std::int32_t>(std::ranges::max_element(sums) - sums.begin()));
  }
  return best;
}

std::vector<std::string> labels_of(const hmm::Model& model) {
  std::vector<std::string> labels;
  for (int i = 0; i < hmm::regimes_of(model); ++i) labels.push_back(hmm::label_of_regime(model, i));
  return labels;
}

}  // namespace

RegimeSource::RegimeSource(const TradingFlags& flags, const cuda::Resources& resources)
    : any_(!flags.model.empty()) {
  if (!any_) return;
  const hmm::ModelChoice choice = hmm::read_models(flags.model);
  hmm::SourceFlags source;
  source.bars = flags.bars;
  const hmm::SeriesInput input = hmm::read_model_series(source, choice.any(), flags.model);
  const std::vector<hmm::Model> models = choice.for_series(input, flags.model);
  const hmm::Posteriors filtered = hmm::filtered_posteriors(resources, models, input.batch());
  const auto times = std::ranges::find(input.carried, true, &market::SeriesColumn::is_timestamp);
  REGENT_INVARIANT(times != input.carried.end(), "features of bars without their times");
  for (std::size_t s = 0; s < input.series.size(); ++s) {
    const hmm::Model& model = models[models.size() == 1 ? 0 : s];
    Known known{input.series[s].symbol, {}, most_probable(model, filtered.probability[s]), labels_of(model)};
    for (const std::size_t row : input.series[s].rows) known.timestamps_ms.push_back(times->integers[row]);
    known_.push_back(std::move(known));
  }
}

Regimes RegimeSource::of(const TradableSeries& series) const {
  Regimes regimes;
  if (!any_) return regimes;
  const auto found = std::ranges::find_if(
      known_, [&](const Known& known) { return known.symbol.empty() || known.symbol == series.symbol; });
  if (found == known_.end()) throw InputError("the regime model says nothing of " + series.symbol);
  regimes.labels = found->labels;
  const auto unknown = static_cast<std::int32_t>(regimes.labels.size());
  for (const TimestampMs time : series.timestamps_ms) {
    const auto at = std::ranges::lower_bound(found->timestamps_ms, time);
    const bool known = at != found->timestamps_ms.end() && *at == time;
    const std::int32_t regime =
        known ? found->regime[static_cast<std::size_t>(at - found->timestamps_ms.begin())] : -1;
    regimes.of_bar.push_back(regime < 0 ? unknown : regime);
  }
  if (std::ranges::find(regimes.of_bar, unknown) != regimes.of_bar.end())
    regimes.labels.emplace_back("unknown");
  return regimes;
}

std::vector<std::int32_t> known_before(const Regimes& regimes) {
  std::vector<std::int32_t> before = regimes.of_bar;
  if (before.size() > 1) std::copy_backward(regimes.of_bar.begin(), regimes.of_bar.end() - 1, before.end());
  return before;
}

std::vector<std::uint8_t> allowed_bars(const TradingFlags& flags, const Regimes& regimes) {
  const auto wanted = split_names(flags.only_regimes);
  std::vector<std::uint8_t> allowed;
  if (wanted.empty()) return allowed;
  for (const auto& label : wanted) {
    if (std::ranges::find(regimes.labels, label) != regimes.labels.end()) continue;
    std::string list;
    for (const auto& one : regimes.labels) list += (list.empty() ? "" : ", ") + one;
    throw InputError("--only-regimes " + label + ": the model's regimes are " + list);
  }
  for (const std::int32_t regime : regimes.of_bar) {
    const auto& label = regimes.labels[static_cast<std::size_t>(regime)];
    allowed.push_back(std::ranges::find(wanted, label) != wanted.end() ? 1 : 0);
  }
  return allowed;
}

}  // namespace regent::strategies
