// The E-step of few long series: chunks of time as lanes (long_series.hpp), their counts summed in the order
// of time, and the transitions from chunk to chunk.

#include <tbb/parallel_for.h>

#include <algorithm>

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/long_series.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T>
class LongExpectation : public ExpectationBackend<T> {
 public:
  LongExpectation(const Resources& resources, const BatchView<T>& batch)
      : series_(resources, batch), shape_(batch.shape), law_(batch.law) {
    const BatchView<T> chunks = series_.view(batch.lanes);
    inner_ = resources.backend() == Backend::gpu ? expectation_gpu(resources, chunks)
                                                 : expectation_cpu(resources, chunks);
    rows_ = CountLayout<AnyShape>{shape_}.rows(law_);
    parameter_rows_ = ParameterLayout<AnyShape>{shape_}.size();
    const std::size_t all = static_cast<std::size_t>(batch.lanes) * series_.chunks();
    counts_.resize(all * rows_);
    likelihoods_.resize(all);
    active_.resize(all);
  }

  std::int64_t run_again() const override { return inner_->run_again(); }
  void run(const ExpectationJob<T>& asked) override {
    const int lanes = asked.batch.lanes, chunks = series_.chunks();
    series_.exchange(lanes, asked.batch.parameters);
    for (int lane = 0; lane < lanes; ++lane)
      std::fill_n(active_.begin() + static_cast<std::ptrdiff_t>(lane) * chunks, chunks, asked.active[lane]);
    ExpectationJob<T> job;
    job.batch = series_.view(lanes);
    job.active = active_.data();
    job.counts = counts_.data();
    job.log_likelihood = likelihoods_.data();
    job.terminal = series_.terminal();
    inner_->run(job);
    tbb::parallel_for(0, lanes, [&](int lane) {
      if (asked.active[lane] != 0) gather(asked, lane);
    });
  }

 private:
  void gather(const ExpectationJob<T>& asked, int lane) const {
    const CountLayout<AnyShape> layout{shape_};
    const auto start = [&](int row) { return row >= layout.start(0) && row < layout.start(shape_.states); };
    std::vector<double> sums(rows_, 0);
    double log_likelihood = 0;
    for (int chunk = 0; chunk < series_.chunks(); ++chunk) {
      const std::size_t at = static_cast<std::size_t>(lane) * series_.chunks() + chunk;
      log_likelihood += likelihoods_[at];
      for (std::size_t row = 0; row < rows_; ++row) {
        if (chunk == 0 || !start(static_cast<int>(row))) sums[row] += counts_[lane_index(at, row, rows_)];
      }
      if (chunk > 0) add_crossing(asked, lane, chunk, sums);
    }
    for (std::size_t row = 0; row < rows_; ++row) asked.counts[lane_index(lane, row, rows_)] = sums[row];
    asked.log_likelihood[lane] = log_likelihood;
  }

  // The transition into a chunk's first bar: law(k)·P(k → k')·γ(k')/predicted(k').
  void add_crossing(const ExpectationJob<T>& asked, int lane, int chunk, std::vector<double>& sums) const {
    const CountLayout<AnyShape> layout{shape_};
    const ParameterLayout<AnyShape> parameters{shape_};
    const AnyShape& s = shape_;
    const auto p = [&](int row) {
      return static_cast<double>(asked.batch.parameters[lane_index(lane, row, parameter_rows_)]);
    };
    const auto law = series_.law_before(lane, chunk), predicted = series_.predicted(lane, chunk);
    const std::size_t at = static_cast<std::size_t>(lane) * series_.chunks() + chunk;
    std::vector<double> gain(s.states), welcome(s.macros, 0), leaving(s.macros, 0), arriving(s.macros, 0);
    for (int k = 0; k < s.states; ++k) {
      gain[k] = predicted[k] == 0 ? 0 : counts_[lane_index(at, layout.start(k), rows_)] / predicted[k];
      welcome[k / s.micros] += p(parameters.entry(k)) * gain[k];
      leaving[k / s.micros] += law[k] * p(parameters.exit(k));
    }
    for (int k = 0; k < s.states; ++k) {
      const int i = k / s.micros, j = k % s.micros;
      for (int to = 0; to < s.micros; ++to)
        sums[layout.stay(i, j, to)] += law[k] * p(parameters.stay(i, j, to)) * gain[i * s.micros + to];
    }
    if (s.macros == 1) return;
    for (int i = 0; i < s.macros; ++i) {
      double outlook = 0;
      for (int to = 0; to < s.macros; ++to) {
        const double rate = p(parameters.macro(i, to));
        outlook += rate * welcome[to];
        arriving[to] += leaving[i] * rate;
        sums[layout.macro(i, to)] += leaving[i] * rate * welcome[to];
      }
      for (int j = 0; j < s.micros; ++j) {
        const int k = i * s.micros + j;
        sums[layout.exit(k)] += law[k] * p(parameters.exit(k)) * outlook;
      }
    }
    for (int k = 0; k < s.states; ++k)
      sums[layout.entry(k)] += arriving[k / s.micros] * p(parameters.entry(k)) * gain[k];
  }

  LongSeries<T> series_;
  AnyShape shape_;
  EmissionLaw law_;
  std::size_t rows_ = 0, parameter_rows_ = 0;
  std::vector<double> counts_, likelihoods_;
  std::vector<std::uint8_t> active_;
  std::unique_ptr<ExpectationBackend<T>> inner_;
};

}  // namespace

template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_long(const Resources& resources,
                                                        const BatchView<T>& batch) {
  return std::make_unique<LongExpectation<T>>(resources, batch);
}

template std::unique_ptr<ExpectationBackend<float>> expectation_long(const Resources&,
                                                                     const BatchView<float>&);
template std::unique_ptr<ExpectationBackend<double>> expectation_long(const Resources&,
                                                                      const BatchView<double>&);

}  // namespace regent::cuda::hmm
