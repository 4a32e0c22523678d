#include "allocation/ewma_risk.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.hpp"
#include "covariance/maps.hpp"

namespace regent::allocation {
namespace {

constexpr double variance_min = 1e-16;  // per bar; a price that never moves has no risk to size by
constexpr double normal_per_mean_size = 1.2533141373155003;  // √(π/2): a normal's deviation / mean |x|
constexpr double eigenvalue_min = 1e-8;                      // of a correlation matrix

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

struct EwmaRisk::State {
  double decay = 0, variance_decay = 0, level_decay = 0;
  int warmup_bars = 0;
  Eigen::MatrixXd sums, weights;  // [symbols, symbols] of products of returns, and of their ages
  std::vector<double> variance_sums, variance_weights;  // [symbols], where variances have their own half-life
  std::vector<double> last_close;                       // [symbols], NaN before the first price
  std::vector<int> bars_since_close;                    // [symbols]
  std::vector<std::int64_t> returns_seen;               // [symbols]
  std::int64_t bars = 0;
  double level_sum = 0, level_weight = 0;
  bool gaps = false;                 // pairs were seen on different bars
  std::vector<std::size_t> present;  // scratch
  std::vector<double> returns;       // scratch

  bool two_half_lives() const { return decay != variance_decay; }
  // Without the level.
  double own_variance(std::size_t symbol) const {
    const auto i = static_cast<Eigen::Index>(symbol);
    return two_half_lives() ? variance_sums[symbol] / variance_weights[symbol] : sums(i, i) / weights(i, i);
  }
  void take_returns(std::span<const double> closes);
  void take_level();
  void take_variances();
  double level() const { return level_weight > 0 ? level_sum / level_weight : 1; }
  Eigen::VectorXd deviations(std::span<const std::size_t> held) const;
};

EwmaRisk::EwmaRisk(std::size_t symbols, const AllocatorSettings& settings)
    : state_(std::make_unique<State>()) {
  REGENT_INVARIANT(symbols > 0, "a covariance needs at least one symbol");
  REGENT_INVARIANT(settings.half_life_bars > 0 && settings.half_life_correlation_bars >= 0 &&
                       settings.half_life_level_bars >= 0 && settings.warmup_bars >= 1,
                   "half-lives and warm-up out of range");
  state_->variance_decay = std::exp2(-1.0 / settings.half_life_bars);
  state_->decay = settings.half_life_correlation_bars > 0
                      ? std::exp2(-1.0 / settings.half_life_correlation_bars)
                      : state_->variance_decay;
  state_->level_decay =
      settings.half_life_level_bars > 0 ? std::exp2(-1.0 / settings.half_life_level_bars) : 0;
  state_->warmup_bars = settings.warmup_bars;
  const auto count = static_cast<Eigen::Index>(symbols);
  state_->sums = Eigen::MatrixXd::Zero(count, count);
  state_->weights = Eigen::MatrixXd::Zero(count, count);
  state_->variance_sums.assign(symbols, 0.0);
  state_->variance_weights.assign(symbols, 0.0);
  state_->last_close.assign(symbols, std::numeric_limits<double>::quiet_NaN());
  state_->bars_since_close.assign(symbols, 0);
  state_->returns_seen.assign(symbols, 0);
  state_->present.reserve(symbols);
  state_->returns.assign(symbols, 0.0);
}

EwmaRisk::~EwmaRisk() = default;
EwmaRisk::EwmaRisk(const EwmaRisk& other) : state_(std::make_unique<State>(*other.state_)) {}
EwmaRisk::EwmaRisk(EwmaRisk&&) noexcept = default;
EwmaRisk& EwmaRisk::operator=(EwmaRisk&&) noexcept = default;

void EwmaRisk::State::take_returns(std::span<const double> closes) {
  present.clear();
  for (std::size_t i = 0; i < closes.size(); ++i) {
    const double close = closes[i];
    ++bars_since_close[i];
    if (std::isnan(close)) {
      continue;
    }
    REGENT_INVARIANT(std::isfinite(close) && close > 0, "a close must be finite and positive, or NaN");
    if (!std::isnan(last_close[i])) {
      returns[i] = std::log(close / last_close[i]) / std::sqrt(static_cast<double>(bars_since_close[i]));
      present.push_back(i);
      ++returns_seen[i];
    }
    last_close[i] = close;
    bars_since_close[i] = 0;
  }
}

void EwmaRisk::State::take_level() {
  if (level_decay == 0) return;
  double sizes = 0, count = 0;
  for (const std::size_t i : present) {
    const bool was_known = returns_seen[i] > warmup_bars && own_variance(i) > variance_min;
    if (!was_known) continue;
    sizes += std::abs(returns[i]) / std::sqrt(own_variance(i));
    ++count;
  }
  if (sizes == 0) return;  // no price moved: a holiday or a feed that repeats itself, not a calm market
  level_sum = level_decay * level_sum + (1 - level_decay) * normal_per_mean_size * sizes / count;
  level_weight = level_decay * level_weight + (1 - level_decay);
}

void EwmaRisk::State::take_variances() {
  if (!two_half_lives()) return;
  const double fresh = 1 - variance_decay;
  for (const std::size_t i : present) {
    variance_sums[i] = variance_decay * variance_sums[i] + fresh * (returns[i] * returns[i]);
    variance_weights[i] = variance_decay * variance_weights[i] + fresh;
  }
}

Eigen::VectorXd EwmaRisk::State::deviations(std::span<const std::size_t> held) const {
  Eigen::VectorXd result(static_cast<Eigen::Index>(held.size()));
  for (Eigen::Index i = 0; i < result.size(); ++i) {
    result(i) = level() * std::sqrt(own_variance(held[static_cast<std::size_t>(i)]));
  }
  return result;
}

void EwmaRisk::update(std::span<const double> closes) {
  State& s = *state_;
  REGENT_INVARIANT(closes.size() == s.last_close.size(), "one close per symbol");
  s.take_returns(closes);
  s.take_level();
  s.take_variances();
  ++s.bars;
  // A bar that some listed symbols missed, or a symbol that joined late, makes the ages of the pairs differ;
  // nobody can have a return on the first bar.
  s.gaps = s.bars > 1 && (s.gaps || s.present.size() != s.last_close.size());
  for (const std::size_t i : s.present) {
    for (const std::size_t j : s.present) {
      const auto a = static_cast<Eigen::Index>(i);
      const auto b = static_cast<Eigen::Index>(j);
      s.sums(a, b) = s.decay * s.sums(a, b) + (1 - s.decay) * (s.returns[i] * s.returns[j]);
      s.weights(a, b) = s.decay * s.weights(a, b) + (1 - s.decay);
    }
  }
}

std::size_t EwmaRisk::symbols() const {
  return state_->last_close.size();
}

bool EwmaRisk::warm() const {
  if (state_->bars <= state_->warmup_bars) {
    return false;
  }
  for (std::size_t i = 0; i < symbols(); ++i) {
    if (has_covariance(i)) {
      return true;
    }
  }
  return false;
}

bool EwmaRisk::has_returns(std::size_t symbol) const {
  return state_->returns_seen[symbol] >= state_->warmup_bars;
}

bool EwmaRisk::has_covariance(std::size_t symbol) const {
  return has_returns(symbol) && state_->own_variance(symbol) > variance_min;
}

double EwmaRisk::variance(std::size_t symbol) const {
  return state_->level() * state_->level() * state_->own_variance(symbol);
}

double EwmaRisk::level() const {
  return state_->level();
}

covariance::Matrix EwmaRisk::covariance(std::span<const std::size_t> held) const {
  const State& s = *state_;
  const auto count = static_cast<Eigen::Index>(held.size());
  Eigen::MatrixXd result(count, count);
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j < count; ++j) {
      const auto a = static_cast<Eigen::Index>(held[static_cast<std::size_t>(i)]);
      const auto b = static_cast<Eigen::Index>(held[static_cast<std::size_t>(j)]);
      // Two symbols that were never seen on the same bar say nothing of each other.
      result(i, j) = s.weights(a, b) > 0 ? s.sums(a, b) / s.weights(a, b) : 0.0;
    }
  }
  if (s.gaps || s.two_half_lives()) {
    const Eigen::VectorXd inverse = result.diagonal().cwiseSqrt().cwiseInverse(),
                          deviation = s.deviations(held);
    const Eigen::MatrixXd correlation = inverse.asDiagonal() * result * inverse.asDiagonal();
    result = deviation.asDiagonal() * (s.gaps ? nearest_correlation(correlation) : correlation) *
             deviation.asDiagonal();
  } else {
    result *= s.level() * s.level();
  }
  return covariance::plain(result);
}

double EwmaRisk::rows() const {
  const double returns = static_cast<double>(state_->bars - 1), decay = state_->decay;
  if (!(returns > 0)) return 0;
  if (decay == 1) return returns;
  const double faded = std::pow(decay, returns);
  return (1 - faded) * (1 + decay) / ((1 + faded) * (1 - decay));
}

KnownRisk EwmaRisk::known(const AllocatorSettings& settings) const {
  KnownRisk risk;
  risk.absent.assign(symbols(), Absence::none);
  for (std::size_t i = 0; i < symbols(); ++i) {
    if (has_covariance(i)) {
      risk.held.push_back(i);
    } else {
      risk.absent[i] = has_returns(i) ? Absence::no_variance : Absence::few_returns;
    }
  }
  risk.rows = rows();
  risk.covariance = covariance(risk.held);
  for (double& value : risk.covariance.values) value *= settings.periods_per_year;
  return settings.denoise ? denoised(std::move(risk)) : risk;
}

}  // namespace regent::allocation
