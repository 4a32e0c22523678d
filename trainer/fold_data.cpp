#include "trainer/fold_data.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.hpp"
#include "hmm/filter.hpp"

namespace regent::trainer {
namespace {

constexpr std::size_t bars_after_warmup_min = 30;

void filter_posteriors(const TrainingData& data, const hmm::Model& regimes, FoldData& fold_data) {
  hmm::Filter filter(regimes);
  const std::size_t width = data.state_names.size();
  for (std::size_t bar = 0; bar < fold_data.bars; ++bar) {
    filter.update(std::span(data.market_state).subspan(bar * width, width));
    fold_data.macro.insert(fold_data.macro.end(), filter.macro_posterior().begin(),
                           filter.macro_posterior().end());
    fold_data.micro.insert(fold_data.micro.end(), filter.posterior().begin(), filter.posterior().end());
  }
  fold_data.macro_f32.assign(fold_data.macro.begin(), fold_data.macro.end());
  fold_data.micro_f32.assign(fold_data.micro.begin(), fold_data.micro.end());
}

}  // namespace

std::span<const double> regime_observations(const TrainingData& data, const Fold& fold) {
  if (fold.train_end < data.warm_bar + label_bars + bars_after_warmup_min) {
    throw InputError("fold " + fold.name + " has " + std::to_string(fold.train_end) +
                     " training bars, but features " + "are warm after " + std::to_string(data.warm_bar) +
                     " bars; at least " + std::to_string(data.warm_bar + label_bars + bars_after_warmup_min) +
                     " are needed");
  }
  const std::size_t width = data.state_names.size();
  return std::span(data.market_state)
      .subspan(data.warm_bar * width, (fold.train_end - data.warm_bar) * width);
}

FoldData prepare_fold(const TrainingData& data, const Fold& fold, const hmm::Model& regimes) {
  const std::size_t symbols = data.panel.symbol_count();
  const std::size_t row = data.features.names.size() * symbols;
  FoldData out;
  out.bars = fold.validation_end;
  out.normaliser = models::Normaliser::fit(
      std::span(data.features.values).subspan(data.warm_bar * row, (fold.train_end - data.warm_bar) * row),
      data.features.names, symbols);
  out.layout = {data.features.names.size(), static_cast<std::size_t>(regimes.macros),
                static_cast<std::size_t>(regimes.states())};
  out.labels = regimes.labels;
  out.features.resize(out.bars * row);
  for (std::size_t bar = 0; bar < out.bars; ++bar) {
    out.normaliser.apply_bar(data.features.bar(bar), symbols,
                             std::span(out.features).subspan(bar * row, row));
  }
  filter_posteriors(data, regimes, out);
  const auto labelled = static_cast<std::ptrdiff_t>((fold.train_end - label_bars) * symbols);
  out.execution_return.assign(data.execution_return.begin(), data.execution_return.begin() + labelled);
  out.execution_return.resize(fold.train_end * symbols, std::numeric_limits<float>::quiet_NaN());
  return out;
}

}  // namespace regent::trainer
