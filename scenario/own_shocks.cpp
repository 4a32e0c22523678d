#include "scenario/own_shocks.hpp"

#include <algorithm>
#include <cmath>

#include "scenario/garch.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Law;

constexpr double share_min = 0.02, akaike = 1;

// A Student-t as normals of these variances.
struct Part {
  double variance, weight;
};

// (dof − 2)/χ²_dof by the trapezoid rule in its logarithm, up to e^7, about where the engine's shocks end;
// its mean is 1.
std::vector<Part> parts_of(double dof) {
  if (dof == 0) return {{1, 1}};
  std::vector<Part> parts;
  double weights = 0, mean = 0;
  for (double log_variance = -4; log_variance <= 7; log_variance += 0.3) {
    const double half_chi_square = 0.5 * (dof - 2) * std::exp(-log_variance);
    const double weight = std::exp(0.5 * dof * std::log(half_chi_square) - half_chi_square);
    parts.push_back({std::exp(log_variance), weight});
    weights += weight;
    mean += weight * parts.back().variance;
  }
  for (Part& part : parts) part = {part.variance * weights / mean, part.weight / weights};
  return parts;
}

// Shocks by size, so that each size is looked at once.
struct Sizes {
  std::vector<double> square, count;
};

// The sizes are fine near 0 and some percent apart in the tail.
Sizes sizes_of(std::span<const double> shocks) {
  constexpr double fineness = 12;
  double squares = 0;
  for (const double shock : shocks) squares += shock * shock;
  const double scale = std::sqrt(static_cast<double>(shocks.size()) / squares);
  Sizes sizes;
  for (const double shock : shocks) {
    const auto at = static_cast<std::size_t>(std::lround(fineness * std::asinh(3 * std::abs(shock) * scale)));
    if (at >= sizes.count.size()) sizes.count.resize(at + 1, 0);
    sizes.count[at] += 1;
  }
  for (std::size_t at = 0; at < sizes.count.size(); ++at) {
    const double size = std::sinh(static_cast<double>(at) / fineness) / 3;
    sizes.square.push_back(size * size);
  }
  return sizes;
}

// Up to a constant.
double log_likelihood(const Sizes& sizes, double share, const std::vector<Part>& shared, double dof) {
  std::vector<Part> both;
  for (const Part& own : parts_of(dof)) {
    for (const Part& all : shared) {
      const double variance = all.variance * (1 - share + share * own.variance);
      both.push_back({-0.5 / variance, all.weight * own.weight / std::sqrt(variance)});
    }
  }
  double sum = 0;
  for (std::size_t i = 0; i < sizes.count.size(); ++i) {
    if (sizes.count[i] == 0) continue;
    double density = 0;
    for (const auto& [slope, weight] : both) density += weight * std::exp(slope * sizes.square[i]);
    sum += sizes.count[i] * std::log(std::max(density, 1e-300));
  }
  return sum;
}

// What a bar's regimes expect of an asset.
struct Expectation {
  double mean = 0, variance = 0;
};
Expectation expectation_at(const Law& law, const double* weights, int asset) {
  Expectation sum;
  for (int k = 0; k < law.regimes; ++k) {
    const int at = k * law.assets + asset;
    sum.mean += weights[k] * (law.drift[at] + law.drift_of_variance[at]);
    sum.variance += weights[k] * -2 * law.drift_of_variance[at];
  }
  return sum;
}

// Mean over the regimes of what an asset has for itself, of its variance.
double own_share(const Law& law, int asset) {
  double share = 0;
  for (int k = 0; k < law.regimes; ++k) {
    const int at = k * law.assets + asset;
    share += law.start[k] * law.idiosyncratic[at] * law.idiosyncratic[at] / (-2 * law.drift_of_variance[at]);
  }
  return share;
}

}  // namespace

double own_dof(std::span<const double> shocks, double share, double shared_dof) {
  if (share < share_min) return 0;
  const Sizes sizes = sizes_of(shocks);
  std::vector<Part> shared = parts_of(shared_dof);
  std::erase_if(shared, [](const Part& part) { return part.weight < 1e-4; });
  double best = -HUGE_VAL, dof = own_dof_min;
  for (double one = own_dof_min; one <= dof_gaussian; one = 2 + 1.15 * (one - 2)) {
    const double value = log_likelihood(sizes, share, shared, one);
    if (value < best) break;  // it has one maximum
    best = value;
    dof = one;
  }
  return best > log_likelihood(sizes, share, shared, 0) + akaike ? dof : 0;
}

std::vector<double> own_dofs(const Returns& returns, const std::vector<std::uint8_t>& of_market,
                             const std::vector<double>& weights, const std::vector<double>& variance,
                             const Law& law) {
  const std::size_t n = returns.assets(), k = static_cast<std::size_t>(law.regimes);
  std::vector<double> dofs;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> shocks;
    for (std::size_t bar = 0; bar < returns.bars(); ++bar) {
      if (of_market[bar] != 0) continue;
      const Expectation expected = expectation_at(law, &weights[bar * k], static_cast<int>(i));
      shocks.push_back((returns.log_returns[bar * n + i] - expected.mean) /
                       std::sqrt(expected.variance * variance[bar]));
    }
    dofs.push_back(own_dof(shocks, own_share(law, static_cast<int>(i)), law.dof));
  }
  return dofs;
}

std::vector<double> own_dofs(const OwnShocks& shocks, const std::vector<std::vector<double>>& u,
                             double shared_dof) {
  std::vector<double> dofs;
  for (std::size_t i = 0; i < shocks.shown.size(); ++i) {
    const double share = shocks.shown[i] * shocks.shown[i];
    std::vector<double> left;
    for (std::size_t bar = 0; bar < shocks.bars; ++bar) {
      if (shocks.of_jump[bar] == 0)
        left.push_back(shocks.of(i)[bar] / std::sqrt(share * u[i][bar] + 1 - share));
    }
    dofs.push_back(own_dof(left, share, shared_dof));
  }
  return dofs;
}

}  // namespace regent::scenario
