#pragma once
// The distribution of an action a = tanh(u), u ~ N(mean, std²), on the host in double.
//   log p(a) = −½z² − log std − ½·log 2π − log(1 − tanh²u),  z = (u − mean) / std
// log(1 − tanh²u) is written 2·(log 2 − u − softplus(−2u)), which neither cancels nor overflows for large |u|
// (Haarnoja et al., 2018, Soft Actor-Critic, appendix C; the stable form as in TensorFlow Probability's Tanh
// bijector).

#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/philox.hpp"

namespace regent::rl {

inline double softplus(double x) {
  return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x)));
}

inline double log_tanh_slope(double u) {
  return 2 * (std::numbers::ln2 - u - softplus(-2 * u));
}

inline double squashed_log_probability(double u, double mean, double log_std) {
  const double z = (u - mean) * std::exp(-log_std);
  constexpr double half_log_two_pi = 0.91893853320467274178;
  return -0.5 * z * z - log_std - half_log_two_pi - log_tanh_slope(u);
}

// One standard normal number per (lane, step): Box and Muller (1958).
inline double action_noise(std::uint64_t seed, std::uint32_t lane, std::uint32_t step) {
  const Philox4 bits = Random{seed}.bits(lane, step, 0, Purpose::action_noise);
  const double radius = std::sqrt(-2 * std::log(uniform_from_bits(bits.x, bits.y)));
  return radius * std::cos(2 * std::numbers::pi * uniform_from_bits(bits.z, bits.w));
}

}  // namespace regent::rl
