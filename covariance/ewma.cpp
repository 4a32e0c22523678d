#include "covariance/ewma.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"

namespace regent::covariance {
namespace {

// One pair's weighted moments, updated as West (1979) does: no difference of large sums.
struct Pair {
  double weight = 0, weight_squared = 0;  // Σw, Σw²
  double mean_left = 0, mean_right = 0, covariance = 0;

  void age(double decay) {
    weight *= decay;
    weight_squared *= decay * decay;
  }
  void add(double left, double right) {
    const double total = weight + 1;
    const double from_left = left - mean_left, from_right = right - mean_right;
    mean_left += from_left / total;
    mean_right += from_right / total;
    covariance = (weight * (covariance + from_left / total * (from_right / total)) +
                  (left - mean_left) * (right - mean_right)) /
                 total;
    weight = total;
    weight_squared += 1;
  }
  double value(int ddof) const {
    if (ddof == 0) return weight > 0 ? covariance : nan_value;
    const double unbiased = 1 - weight_squared / weight / weight;
    return weight > 0 && unbiased > 0 ? covariance / unbiased : nan_value;
  }
};

void check_half_life(const char* name, double half_life) {
  if (std::isfinite(half_life) && half_life > 0) return;
  throw InputError(std::string(name) + " " + std::to_string(half_life) +
                   ": a half-life is a finite number of rows above 0");
}

}  // namespace

struct Ewma::State {
  EwmaSettings settings;
  double decay_variance = 0, decay_correlation = 0;
  std::size_t columns = 0;
  std::vector<Pair> variances;             // [columns], with the half-life of variances
  std::vector<Pair> pairs;                 // packed lower triangle, with the half-life of correlations
  std::vector<std::int64_t> observations;  // packed
};

namespace {
std::size_t packed(std::size_t i, std::size_t j) {
  return std::max(i, j) * (std::max(i, j) + 1) / 2 + std::min(i, j);
}
}  // namespace

Ewma::Ewma(std::size_t columns, const EwmaSettings& settings) : state_(std::make_unique<State>()) {
  check_half_life("half-life of variances", settings.half_life_variance);
  check_half_life("half-life of correlations", settings.half_life_correlation);
  if (settings.ddof != 0 && settings.ddof != 1) {
    throw InputError("ddof " + std::to_string(settings.ddof) + ": it must be 0 or 1");
  }
  state_->settings = settings;
  state_->decay_variance = std::exp2(-1 / settings.half_life_variance);
  state_->decay_correlation = std::exp2(-1 / settings.half_life_correlation);
  state_->columns = columns;
  state_->variances.resize(columns);
  state_->pairs.resize(columns * (columns + 1) / 2);
  state_->observations.resize(state_->pairs.size());
}

Ewma::~Ewma() = default;
Ewma::Ewma(Ewma&&) noexcept = default;
Ewma& Ewma::operator=(Ewma&&) noexcept = default;

void Ewma::update(std::span<const double> row) {
  State& s = *state_;
  REGENT_INVARIANT(row.size() == s.columns, "a row has one value per column");
  for (std::size_t i = 0; i < s.columns; ++i) {
    if (std::isinf(row[i])) throw InputError("column " + std::to_string(i + 1) + ": a value is infinite");
  }
  for (std::size_t i = 0; i < s.columns; ++i) {
    s.variances[i].age(s.decay_variance);
    if (!std::isnan(row[i])) s.variances[i].add(row[i], row[i]);
    for (std::size_t j = 0; j <= i; ++j) {
      Pair& pair = s.pairs[packed(i, j)];
      pair.age(s.decay_correlation);
      if (std::isnan(row[i]) || std::isnan(row[j])) continue;
      pair.add(row[i], row[j]);
      ++s.observations[packed(i, j)];
    }
  }
}

Matrix Ewma::covariance() const {
  const State& s = *state_;
  Matrix result(s.columns);
  const bool one_half_life = s.decay_variance == s.decay_correlation;
  for (std::size_t i = 0; i < s.columns; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const Pair& pair = s.pairs[packed(i, j)];
      double value = pair.value(s.settings.ddof);
      if (i == j) value = s.variances[i].value(s.settings.ddof);
      if (i != j && s.observations[packed(i, j)] < 2) value = nan_value;
      if (i != j && !one_half_life) {
        const double own =
            std::sqrt(s.pairs[packed(i, i)].covariance) * std::sqrt(s.pairs[packed(j, j)].covariance);
        const double deviations = std::sqrt(s.variances[i].value(s.settings.ddof)) *
                                  std::sqrt(s.variances[j].value(s.settings.ddof));
        // a column that never moved has no correlation with any other
        const double correlation = own > 0 ? std::clamp(pair.covariance / own, -1.0, 1.0) : 0.0;
        value = std::isnan(value) ? value : correlation * deviations;
      }
      result(i, j) = result(j, i) = value;
    }
  }
  return result;
}

std::int64_t Ewma::observations(std::size_t i, std::size_t j) const {
  return state_->observations[packed(i, j)];
}

}  // namespace regent::covariance
