#include "models/allocator.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/config/config.hpp"
#include "base/error.hpp"

namespace regent::models {
namespace {

constexpr double variance_min = 1e-16;   // per bar; a price that never moves has no risk to size by
constexpr double eigenvalue_min = 1e-8;  // of a correlation matrix

// Correlations from pairs that were seen on different bars need not be positive semi-definite. Clips the
// eigenvalues and restores the unit diagonal (one step of Higham 2002, Computing the nearest correlation
// matrix).
Eigen::MatrixXd nearest_correlation(const Eigen::MatrixXd& correlation) {
  if (correlation.llt().info() == Eigen::Success) {
    return correlation;
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(correlation);
  REGENT_INVARIANT(solver.info() == Eigen::Success,
                   "the eigenvalues of a finite symmetric matrix must be found");
  const Eigen::MatrixXd clipped = solver.eigenvectors() *
                                  solver.eigenvalues().cwiseMax(eigenvalue_min).asDiagonal() *
                                  solver.eigenvectors().transpose();
  const Eigen::VectorXd root = clipped.diagonal().cwiseSqrt().cwiseInverse();
  return root.asDiagonal() * clipped * root.asDiagonal();
}

}  // namespace

AllocatorSettings allocator_settings(const Config& config, double periods_per_year) {
  AllocatorSettings settings;
  settings.target_volatility = config.real("allocator.target_volatility");
  settings.half_life_bars = config.real("allocator.half_life_bars");
  settings.position_max = config.real("allocator.position_max");
  settings.gross_max = config.real("allocator.gross_max");
  settings.warmup_bars = static_cast<int>(config.integer("allocator.warmup_bars"));
  settings.risk = config.text("allocator.risk") == "full" ? RiskScale::full : RiskScale::conviction;
  settings.periods_per_year = periods_per_year;
  return settings;
}

struct Allocator::State {
  AllocatorSettings settings;
  double decay;
  Eigen::MatrixXd sums, weights;           // [symbols, symbols] of products of returns, and of their ages
  std::vector<double> last_close;          // [symbols], NaN before the first price
  std::vector<int> bars_since_close;       // [symbols]
  std::vector<std::int64_t> returns_seen;  // [symbols]
  std::int64_t bars = 0;
  bool gaps = false;                 // pairs were seen on different bars
  std::vector<std::size_t> present;  // scratch
  std::vector<double> returns;       // scratch

  bool has_covariance(std::size_t symbol) const {
    const auto i = static_cast<Eigen::Index>(symbol);
    return returns_seen[symbol] >= settings.warmup_bars && sums(i, i) / weights(i, i) > variance_min;
  }
  Eigen::MatrixXd covariance(const std::vector<std::size_t>& held) const;  // annual
};

Eigen::MatrixXd Allocator::State::covariance(const std::vector<std::size_t>& held) const {
  const auto count = static_cast<Eigen::Index>(held.size());
  Eigen::MatrixXd result(count, count);
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j < count; ++j) {
      const auto a = static_cast<Eigen::Index>(held[i]);
      const auto b = static_cast<Eigen::Index>(held[j]);
      // Two symbols that were never seen on the same bar say nothing of each other.
      result(i, j) = weights(a, b) > 0 ? sums(a, b) / weights(a, b) : 0.0;
    }
  }
  if (gaps) {
    const Eigen::VectorXd deviation = result.diagonal().cwiseSqrt();
    const Eigen::VectorXd inverse = deviation.cwiseInverse();
    const Eigen::MatrixXd correlation = inverse.asDiagonal() * result * inverse.asDiagonal();
    result = deviation.asDiagonal() * nearest_correlation(correlation) * deviation.asDiagonal();
  }
  return result * settings.periods_per_year;
}

Allocator::Allocator(const AllocatorSettings& settings, std::size_t symbols)
    : state_(std::make_unique<State>()) {
  REGENT_INVARIANT(symbols > 0, "an allocator needs at least one symbol");
  REGENT_INVARIANT(settings.half_life_bars > 0 && settings.periods_per_year > 0 &&
                       settings.target_volatility > 0 && settings.position_max >= 0 &&
                       settings.gross_max >= 0 && settings.warmup_bars >= 1,
                   "allocator settings out of range");
  state_->settings = settings;
  state_->decay = std::exp2(-1.0 / settings.half_life_bars);
  const auto count = static_cast<Eigen::Index>(symbols);
  state_->sums = Eigen::MatrixXd::Zero(count, count);
  state_->weights = Eigen::MatrixXd::Zero(count, count);
  state_->last_close.assign(symbols, std::numeric_limits<double>::quiet_NaN());
  state_->bars_since_close.assign(symbols, 0);
  state_->returns_seen.assign(symbols, 0);
  state_->present.reserve(symbols);
  state_->returns.assign(symbols, 0.0);
}

Allocator::~Allocator() = default;
Allocator::Allocator(const Allocator& other) : state_(std::make_unique<State>(*other.state_)) {}
Allocator::Allocator(Allocator&&) noexcept = default;
Allocator& Allocator::operator=(Allocator&&) noexcept = default;

void Allocator::update(std::span<const double> closes) {
  State& s = *state_;
  REGENT_INVARIANT(closes.size() == s.last_close.size(), "one close per symbol");
  s.present.clear();
  std::size_t listed = 0;
  for (std::size_t i = 0; i < closes.size(); ++i) {
    const double close = closes[i];
    const bool known = !std::isnan(s.last_close[i]);
    listed += known ? 1 : 0;
    ++s.bars_since_close[i];
    if (std::isnan(close)) {
      continue;
    }
    REGENT_INVARIANT(std::isfinite(close) && close > 0, "a close must be finite and positive, or NaN");
    if (known) {
      s.returns[i] =
          std::log(close / s.last_close[i]) / std::sqrt(static_cast<double>(s.bars_since_close[i]));
      s.present.push_back(i);
      ++s.returns_seen[i];
    }
    s.last_close[i] = close;
    s.bars_since_close[i] = 0;
  }
  ++s.bars;
  // A bar that some listed symbols missed, or a symbol that joined late, makes the ages of the pairs differ.
  s.gaps = s.gaps || s.present.size() != s.last_close.size();
  if (s.bars == 1) {
    s.gaps = false;  // nobody can have a return on the first bar
  }
  for (const std::size_t i : s.present) {
    for (const std::size_t j : s.present) {
      const auto a = static_cast<Eigen::Index>(i);
      const auto b = static_cast<Eigen::Index>(j);
      s.sums(a, b) = s.decay * s.sums(a, b) + (1 - s.decay) * (s.returns[i] * s.returns[j]);
      s.weights(a, b) = s.decay * s.weights(a, b) + (1 - s.decay);
    }
  }
}

bool Allocator::warm() const {
  if (state_->bars <= state_->settings.warmup_bars) {
    return false;
  }
  for (std::size_t i = 0; i < state_->last_close.size(); ++i) {
    if (state_->has_covariance(i)) {
      return true;
    }
  }
  return false;
}

bool Allocator::has_covariance(std::size_t symbol) const {
  return state_->has_covariance(symbol);
}

double Allocator::volatility(std::size_t symbol) const {
  if (!state_->has_covariance(symbol)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto i = static_cast<Eigen::Index>(symbol);
  return std::sqrt(state_->sums(i, i) / state_->weights(i, i) * state_->settings.periods_per_year);
}

Allocator::Weights Allocator::allocate(std::span<const double> convictions) const {
  const State& s = *state_;
  const std::size_t symbols = s.last_close.size();
  REGENT_INVARIANT(convictions.size() == symbols, "one conviction per symbol");
  Weights out;
  out.weights.assign(symbols, 0.0);
  out.position_capped.assign(symbols, 0);
  std::vector<std::size_t> held;
  double squares = 0;
  for (std::size_t i = 0; i < symbols; ++i) {
    REGENT_INVARIANT(std::abs(convictions[i]) <= 1.0, "a conviction must lie in [-1, 1] and not be NaN");
    if (s.has_covariance(i)) {
      held.push_back(i);
      squares += convictions[i] * convictions[i];
    }
  }
  if (held.empty() || squares == 0) {
    return out;
  }
  const Eigen::MatrixXd covariance = s.covariance(held);
  Eigen::VectorXd weights(static_cast<Eigen::Index>(held.size()));
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    weights(i) = convictions[held[i]] / std::sqrt(covariance(i, i));
  }
  const auto volatility_of = [&covariance](const Eigen::VectorXd& w) {
    return std::sqrt(std::max(0.0, w.dot(covariance * w)));
  };
  const double strength =
      s.settings.risk == RiskScale::full ? 1.0 : std::sqrt(squares / static_cast<double>(held.size()));
  const double budget = s.settings.target_volatility * std::min(1.0, strength);
  const double raw = volatility_of(weights);
  // A perfect hedge by the covariance's own word cannot be scaled to the budget: the caps decide alone.
  const double scale = raw > 1e-9 * weights.norm() * std::sqrt(covariance.diagonal().maxCoeff())
                           ? budget / raw
                           : std::numeric_limits<double>::infinity();
  const double largest = weights.cwiseAbs().maxCoeff();
  // Beyond this factor every held symbol with any conviction worth the name is at its cap, and doubles stay
  // finite.
  weights *= std::min(scale, 1e6 * std::max(s.settings.position_max, 1e-6) / largest);
  out.uncapped_volatility = volatility_of(weights);
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    if (std::abs(weights(i)) > s.settings.position_max) {
      weights(i) = std::copysign(s.settings.position_max, weights(i));
      out.position_capped[held[i]] = 1;
    }
  }
  const double gross = weights.cwiseAbs().sum();
  if (gross > s.settings.gross_max) {
    weights *= s.settings.gross_max / gross;
    out.gross_capped = true;
  }
  const double capped = volatility_of(weights);
  if (capped > budget) {
    weights *= budget / capped;
  }
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const double w = std::clamp(weights(i), -s.settings.position_max, s.settings.position_max);
    REGENT_INVARIANT(std::isfinite(w), "a weight must be finite");
    out.weights[held[i]] = w;
  }
  out.predicted_volatility = volatility_of(weights);
  return out;
}

}  // namespace regent::models
