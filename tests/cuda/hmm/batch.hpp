#pragma once
// Lays reference hierarchies and series out for the compute layer, by index arithmetic of its own.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"
#include "tests/cuda/hmm/reference.hpp"

namespace regent::cuda::hmm {

// Cholesky inverse, packed, of a full covariance.
inline void precision(const double* covariance, int n, std::vector<double>& factor, double& log_normaliser) {
  std::vector<double> lower(n * n, 0), inverse(n * n, 0);
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c <= r; ++c) {
      double value = covariance[r * n + c];
      for (int e = 0; e < c; ++e) value -= lower[r * n + e] * lower[c * n + e];
      lower[r * n + c] = r == c ? std::sqrt(value) : value / lower[c * n + c];
    }
  }
  log_normaliser = -0.5 * n * std::log(2 * M_PI);
  for (int c = 0; c < n; ++c) {
    log_normaliser -= std::log(lower[c * n + c]);
    inverse[c * n + c] = 1 / lower[c * n + c];
    for (int r = c + 1; r < n; ++r) {
      double sum = 0;
      for (int e = c; e < r; ++e) sum -= lower[r * n + e] * inverse[e * n + c];
      inverse[r * n + c] = sum / lower[r * n + r];
    }
  }
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c <= r; ++c) factor.push_back(inverse[r * n + c]);
  }
}

inline std::vector<double> lane_of(const reference::Hierarchy& h) {
  std::vector<double> lane = reference::flat_start(h);
  const int k = h.states(), d = h.dimension;
  for (int s = 0; s < k; ++s) {
    for (int to = 0; to < h.micros; ++to) {
      lane.push_back((1 - h.micro_exit[s]) * h.micro_transition[s * h.micros + to]);
    }
  }
  lane.insert(lane.end(), h.micro_exit.begin(), h.micro_exit.end());
  lane.insert(lane.end(), h.macro_transition.begin(), h.macro_transition.end());
  lane.insert(lane.end(), h.micro_start.begin(), h.micro_start.end());
  lane.insert(lane.end(), h.means.begin(), h.means.end());
  std::vector<double> factors, normalisers(k), covariances;
  for (int s = 0; s < k; ++s) {
    precision(&h.covariances[s * d * d], d, factors, normalisers[s]);
    if (!h.dof.empty()) {
      const long double dof = h.dof[s];
      normalisers[s] += static_cast<double>(reference::log_gamma((dof + d) / 2) -
                                            reference::log_gamma(dof / 2) - 0.5L * d * std::log(dof / 2));
    }
    for (int r = 0; r < d; ++r) {
      for (int c = 0; c <= r; ++c) covariances.push_back(h.covariances[(s * d + r) * d + c]);
    }
  }
  lane.insert(lane.end(), factors.begin(), factors.end());
  lane.insert(lane.end(), normalisers.begin(), normalisers.end());
  lane.insert(lane.end(), covariances.begin(), covariances.end());
  lane.resize(lane.size() + 2 * k, 0.0);
  for (int s = 0; s < k && !h.dof.empty(); ++s) {
    const long double half = h.dof[s] / 2.0L;
    lane[lane.size() - 2 * k + s] = h.dof[s];
    lane[lane.size() - k + s] = static_cast<double>(reference::log_gamma(half + 0.5L) -
                                                    reference::log_gamma(half) - 0.5L * std::log(half));
  }
  return lane;
}

// The hierarchy as one macro regime with all its states.
inline reference::Hierarchy flattened(const reference::Hierarchy& h) {
  reference::Hierarchy flat = h;
  flat.macros = 1;
  flat.micros = h.states();
  flat.macro_start = {1};
  flat.macro_transition = {1};
  flat.micro_start = reference::flat_start(h);
  flat.micro_transition = reference::flat_transition(h);
  flat.micro_exit.assign(h.states(), 0);
  return flat;
}

template <class T>
struct TestBatch {
  ShapeNumbers shape;
  int lanes = 0;
  std::int64_t steps = 0;
  std::vector<T> parameters, observations, table;
  std::vector<std::int32_t> lengths;
  EmissionLaw law;

  // All hierarchies of one shape; series[lane]: [T, D] or, with `tables`, [T, K] log densities.
  TestBatch(const std::vector<reference::Hierarchy>& hierarchies,
            const std::vector<std::vector<double>>& series, bool tables = false) {
    const reference::Hierarchy& first = hierarchies.front();
    shape = {first.macros, first.micros, first.dimension};
    law = first.dof.empty() ? EmissionLaw::gaussian : EmissionLaw::student_t;
    lanes = static_cast<int>(hierarchies.size());
    const int columns = tables ? first.states() : first.dimension;
    for (const auto& one : series) steps = std::max<std::int64_t>(steps, one.size() / columns);
    const int blocks = (lanes + 31) / 32;
    std::vector<T>& values = tables ? table : observations;
    values.assign(blocks * steps * columns * 32, T(0));
    for (int lane = 0; lane < blocks * 32; ++lane) {
      const int which = std::min(lane, lanes - 1);
      const std::vector<double> own = lane_of(hierarchies[which]);
      if (parameters.empty()) parameters.assign(blocks * own.size() * 32, T(0));
      for (std::size_t row = 0; row < own.size(); ++row) {
        parameters[((lane / 32) * own.size() + row) * 32 + lane % 32] = static_cast<T>(own[row]);
      }
      for (std::size_t row = 0; row < series[which].size(); ++row) {
        values[((lane / 32) * steps * columns + row) * 32 + lane % 32] = static_cast<T>(series[which][row]);
      }
      if (lane < lanes) lengths.push_back(static_cast<std::int32_t>(series[which].size() / columns));
    }
  }

  BatchView<T> view() const {
    BatchView<T> view;
    view.shape = shape;
    view.law = law;
    view.lanes = lanes;
    view.steps = steps;
    view.lengths = lengths.data();
    view.parameters = parameters.data();
    view.observations = observations.empty() ? nullptr : observations.data();
    view.emission_table = table.empty() ? nullptr : table.data();
    return view;
  }
  std::size_t padded() const { return (lanes + 31) / 32 * 32; }
};

template <class V>
V at(const std::vector<V>& blocked, int lane, std::size_t row, std::size_t rows) {
  return blocked[((lane / 32) * rows + row) * 32 + lane % 32];
}

// Every backend and instruction set that this machine has; a missing one is skipped where it is asked for.
// From the two later states there is no way back to the first, and every bar at its mean is 40 deviations
// off: such a bar is done again relative to what is reachable.
inline const reference::Hierarchy far_off{1,
                                          3,
                                          1,
                                          {1},
                                          {1},
                                          {1, 0, 0},
                                          {0.98, 0.015, 0.005, 0, 0.9, 0.1, 0, 0.2, 0.8},
                                          {0, 0, 0},
                                          {0, 40, 40.5},
                                          {1, 1, 1.1},
                                          {}};
// `settled`: the bars before it are of the first state.
inline std::vector<double> often_far_off(int bars, int settled) {
  std::vector<double> series(bars);
  for (int t = 0; t < bars; ++t) series[t] = (t < settled || t % 97 == 0 ? 0 : 40) + std::sin(t);
  return series;
}

enum class Device { baseline, avx2, avx512, gpu };
inline std::string device_name(Device device) {
  switch (device) {
    case Device::baseline:
      return "baseline";
    case Device::avx2:
      return "avx2";
    case Device::avx512:
      return "avx512";
    case Device::gpu:
      return "gpu";
  }
  return "";
}
inline std::string missing_device(Device device) {
  if (device == Device::gpu) {
    return gpu_count() > 0 ? "" : "no GPU on this machine: the CUDA launchers were not run";
  }
  const auto set = static_cast<InstructionSet>(device);
  return set <= widest_instruction_set() ? "" : "this CPU has no " + device_name(device);
}
inline Resources resources_for(Device device) {
  return device == Device::gpu ? Resources::make("cuda")
                               : Resources::make_cpu(static_cast<InstructionSet>(device));
}

class OnEveryDevice : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    const std::string missing = missing_device(GetParam());
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  Resources resources() const { return resources_for(GetParam()); }
};
#define REGENT_ON_EVERY_DEVICE(suite)                                                        \
  INSTANTIATE_TEST_SUITE_P(                                                                  \
      , suite, testing::Values(Device::baseline, Device::avx2, Device::avx512, Device::gpu), \
      [](const testing::TestParamInfo<Device>& info) { return device_name(info.param); })

}  // namespace regent::cuda::hmm
