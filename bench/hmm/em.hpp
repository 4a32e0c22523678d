#pragma once
// Baum-Welch without priors: the E-step of the compute layer and the M-step of hmm/, every series with its
// own parameters.

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/error.hpp"
#include "bench/hmm/lanes.hpp"
#include "cuda/hmm/expectation.hpp"
#include "hmm/lane_fit.hpp"
#include "hmm/side_by_side.hpp"

namespace regent::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

struct Ascended {
  std::vector<double> log_likelihood;  // of all series together, before every M-step
  std::vector<hmm::LaneFit> fits;      // [series], after the last
  double e_step_share = 0;             // of the time of the part that spent most in it
  std::int64_t run_again = 0;          // of its E-steps
};

hmm::LaneFit lane_fit_of(const hmm::Model& model);
hmm::FitSettings without_priors(const hmm::Model& model);

// Of some neighbouring series.
template <class T>
class BatchEmPart {
 public:
  // `first`: of the series, at the beginning of a block.
  BatchEmPart(const cuda::Resources& resources, const hmm::Model& start, const SeriesSet& set,
              const Aligned<T>& observations, int first, int lanes)
      : start_(lane_fit_of(start)),
        settings_(without_priors(start)),
        lanes_(lanes),
        parameters_(parameters_of<T>(start, lanes)),
        rows_(parameters_.size() / padded(lanes)),
        count_rows_(count_rows_of(start_.shape)),
        counts_(count_rows_ * padded(lanes)),
        likelihoods_(padded(lanes)),
        active_(lanes, 1),
        expectation_(resources, part_of(view_of<T>(start, set, parameters_, observations), first, lanes)) {}

  Ascended run(int iterations) {
    Ascended result;
    result.fits.assign(lanes_, start_);
    const auto all_began = Clock::now();
    const std::int64_t again_before = expectation_.run_again();
    double e_steps = 0;
    for (int iteration = 0; iteration < iterations; ++iteration) {
      each_series([&](int lane) { put(result.fits[lane], lane); });
      const auto began = Clock::now();
      expectation_.run(lanes_, parameters_, active_, counts_, likelihoods_);
      e_steps += seconds_since(began);
      double sum = 0;
      for (int lane = 0; lane < lanes_; ++lane) sum += likelihoods_[lane];
      result.log_likelihood.push_back(sum);
      each_series([&](int lane) {
        std::vector<double> counts(count_rows_);
        for (std::size_t row = 0; row < count_rows_; ++row)
          counts[row] = counts_[cuda::hmm::lane_index(lane, row, count_rows_)];
        result.fits[lane].maximise(counts, settings_);
      });
    }
    result.e_step_share = e_steps / seconds_since(all_began);
    result.run_again = expectation_.run_again() - again_before;
    return result;
  }

 private:
  static std::size_t count_rows_of(const cuda::hmm::ShapeNumbers& numbers) {
    const cuda::hmm::AnyShape shape(numbers);
    return cuda::hmm::CountLayout<cuda::hmm::AnyShape>{shape}.size();
  }
  static cuda::hmm::BatchView<T> part_of(cuda::hmm::BatchView<T> view, int first, int lanes) {
    view.lanes = lanes;
    view.observations += static_cast<std::size_t>(first) * view.steps * view.shape.dimension;
    return view;
  }
  template <class Body>
  void each_series(const Body& body) {
    tbb::parallel_for(tbb::blocked_range<int>(0, lanes_, cuda::hmm::lane_block),
                      [&](const tbb::blocked_range<int>& range) {
                        for (int lane = range.begin(); lane < range.end(); ++lane) body(lane);
                      });
  }
  void put(const hmm::LaneFit& fit, int lane) {
    std::vector<double> values;
    REGENT_INVARIANT(fit.to_parameters(values), "a covariance is not positive definite");
    const int end = lane + 1 == lanes_ ? static_cast<int>(padded(lanes_)) : lane + 1;
    for (int to = lane; to < end; ++to) {
      for (std::size_t row = 0; row < rows_; ++row)
        parameters_[cuda::hmm::lane_index(to, row, rows_)] = static_cast<T>(values[row]);
    }
  }

  hmm::LaneFit start_;
  hmm::FitSettings settings_;
  int lanes_;
  Aligned<T> parameters_;
  std::size_t rows_, count_rows_;
  Aligned<double> counts_;
  std::vector<double> likelihoods_;
  std::vector<std::uint8_t> active_;
  cuda::hmm::Expectation<T> expectation_;
};

// In parts as the product's own EM has them.
template <class T>
class BatchEm {
 public:
  BatchEm(const cuda::Resources& resources, const hmm::Model& start, const SeriesSet& set,
          const Aligned<T>& observations) {
    const int blocks = static_cast<int>(cuda::hmm::blocks_of(set.series));
    const int parts = std::min(hmm::parts_for(resources), blocks);
    for (int part = 0; part < parts; ++part) {
      const int first = blocks * part / parts * cuda::hmm::lane_block;
      const int end = std::min(set.series, blocks * (part + 1) / parts * cuda::hmm::lane_block);
      parts_.push_back(
          std::make_unique<BatchEmPart<T>>(resources, start, set, observations, first, end - first));
    }
  }

  Ascended run(int iterations) {
    std::vector<Ascended> results(parts_.size());
    hmm::side_by_side(static_cast<int>(parts_.size()),
                      [&](int part) { results[part] = parts_[part]->run(iterations); });
    Ascended all{std::vector<double>(iterations, 0), {}, 0, 0};
    for (Ascended& one : results) {
      for (int i = 0; i < iterations; ++i) all.log_likelihood[i] += one.log_likelihood[i];
      all.run_again += one.run_again;
      all.e_step_share = std::max(all.e_step_share, one.e_step_share);
      std::move(one.fits.begin(), one.fits.end(), std::back_inserter(all.fits));
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<BatchEmPart<T>>> parts_;
};

}  // namespace regent::bench
