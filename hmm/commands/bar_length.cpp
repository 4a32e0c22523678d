#include "hmm/commands/bar_length.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "hmm/short_text.hpp"

namespace regent::hmm {
namespace {

// Months, weekends, holidays and changes of the clocks move a step by less, another timeframe by more.
constexpr double most = 1.5;
constexpr std::size_t steps_min = 8;

bool alike(double a, double b) {
  return a < most * b && b < most * a;
}

std::optional<double> usual_seconds(std::vector<TimestampMs> steps) {
  if (steps.size() < steps_min) return std::nullopt;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::ranges::nth_element(steps, middle);
  const auto usual = static_cast<double>(*middle);
  const auto such =
      std::ranges::count_if(steps, [&](TimestampMs step) { return alike(static_cast<double>(step), usual); });
  if (usual <= 0 || 2 * such <= std::ssize(steps)) return std::nullopt;
  return usual / 1000;
}

// Of a symbol, appended.
void append_steps(const std::vector<TimestampMs>& times, const NamedSeries& series,
                  std::vector<TimestampMs>& steps) {
  for (std::size_t i = 1; i < series.rows.size(); ++i)
    steps.push_back(times[series.rows[i]] - times[series.rows[i - 1]]);
}

}  // namespace

std::vector<std::optional<double>> bar_seconds_of_series(const SeriesInput& input) {
  std::vector<std::optional<double>> seconds(input.series.size());
  const auto times = input.times();
  for (std::size_t s = 0; times && s < seconds.size(); ++s) {
    std::vector<TimestampMs> steps;
    append_steps(*times, input.series[s], steps);
    seconds[s] = usual_seconds(std::move(steps));
  }
  return seconds;
}

std::optional<double> bar_seconds_of_all(const SeriesInput& input) {
  const auto times = input.times();
  if (!times) return std::nullopt;
  std::vector<TimestampMs> steps;
  for (const auto& series : input.series) append_steps(*times, series, steps);
  return usual_seconds(std::move(steps));
}

void check_bar_length(std::span<const Model> models, const SeriesInput& input,
                      const std::string& model_file) {
  if (std::ranges::none_of(models, [](const Model& model) { return model.bar_seconds.has_value(); })) return;
  const auto seconds = bar_seconds_of_series(input);
  const std::vector<std::string> names = input.batch().names;
  for (std::size_t s = 0; s < input.series.size(); ++s) {
    const std::optional<double> fitted = models[models.size() == 1 ? 0 : s].bar_seconds;
    const std::optional<double> here = seconds[s];
    if (!fitted || !here || alike(*fitted, *here)) continue;
    const std::string whose = models.size() == 1 ? "" : ", model of " + input.series[s].symbol + ",";
    throw InputError(
        names[s] + ": from bar to bar it is usually " + short_text(*here) + " seconds, and " + model_file +
        whose + " has bar_seconds " + short_text(*fitted) +
        ": it was fitted on bars of another length; fit a model on such bars" +
        (*here < *fitted ? ", or make longer ones with --timeframe" : "") +
        ", or take bar_seconds out of the model's file where the two belong together all the same");
  }
}

}  // namespace regent::hmm
