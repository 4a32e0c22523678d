#include "cuda/hmm/long_series.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "cuda/hmm/forward.hpp"
#include "cuda/hmm/merged.hpp"

namespace regent::cuda::hmm {
namespace {

constexpr std::int64_t bars_per_chunk_min = 512;
constexpr int chunks_max = 512, lanes_max = 64;

bool same_lengths(const std::int32_t* lengths, int lanes, std::int64_t steps) {
  return lengths == nullptr || std::all_of(lengths, lengths + lanes, [&](auto one) { return one == steps; });
}

template <class T>
std::size_t observation_block(const BatchView<T>& batch, int lane) {
  const int block = lane / lane_block;
  return batch.series_blocks > 0 ? block % batch.series_blocks : block;
}

}  // namespace

template <class T>
int chunks_of(const BatchView<T>& batch) {
  if (batch.lanes > lanes_max || batch.observations == nullptr) return 1;
  if (!same_lengths(batch.lengths, batch.lanes, batch.steps)) return 1;
  const std::int64_t blocks = batch.steps / (bars_per_chunk_min * lane_block);
  return blocks < 1 ? 1 : static_cast<int>(std::min<std::int64_t>(chunks_max, blocks * lane_block));
}

template <class T>
LongSeries<T>::LongSeries(const Resources& resources, const BatchView<T>& batch)
    : resources_(resources),
      shape_(batch.shape),
      law_(batch.law),
      shared_(batch.shared),
      chunks_(chunks_of(batch)),
      steps_(batch.steps),
      length_((batch.steps + chunks_ - 1) / chunks_) {
  const AnyShape shape(shape_);
  const std::size_t states = shape.states, all = static_cast<std::size_t>(batch.lanes) * chunks_;
  rows_ = ParameterLayout<AnyShape>{shape}.size();
  for (int lane = 0; lane < batch.lanes; ++lane) {
    for (int chunk = 0; chunk < chunks_; ++chunk)
      lengths_.push_back(static_cast<std::int32_t>(length_of(chunk)));
  }
  parameters_.resize(all * rows_);
  terminal_.resize(all * states);
  flat_.resize(batch.lanes * states * states);
  starts_.resize(batch.lanes * states);
  before_.resize(all * states);
  predicted_.resize(all * states);
  lay_out(batch);
}

template <class T>
std::int64_t LongSeries<T>::length_of(int chunk) const {
  return std::min(length_, steps_ - chunk * length_);
}

// [series or one, chunks/32, length, D, 32]
template <class T>
void LongSeries<T>::lay_out(const BatchView<T>& batch) {
  const int series = shared_ ? 1 : batch.lanes, dimension = shape_.dimension;
  const std::size_t rows = length_ * dimension;
  observations_.resize(static_cast<std::size_t>(series) * chunks_ * rows);
  tbb::parallel_for(0, series * chunks_, [&](int which) {
    const int lane = which / chunks_, chunk = which % chunks_;
    const std::size_t block = observation_block(batch, lane) * batch.steps * dimension * lane_block;
    for (std::int64_t bar = 0; bar < length_; ++bar) {
      const std::int64_t t = std::min(chunk * length_ + bar, steps_ - 1);
      for (int d = 0; d < dimension; ++d) {
        const std::size_t row = t * dimension + d;
        observations_[lane_index(which, bar * dimension + d, rows)] =
            shared_ ? batch.observations[row]
                    : batch.observations[block + row * lane_block + lane % lane_block];
      }
    }
  });
}

template <class T>
BatchView<T> LongSeries<T>::view(int lanes) const {
  BatchView<T> view;
  view.shape = shape_;
  view.law = law_;
  view.lanes = lanes * chunks_;
  view.steps = length_;
  view.lengths = lengths_.data();
  view.parameters = parameters_.data();
  view.observations = observations_.data();
  view.series_blocks = shared_ ? chunks_ / lane_block : 0;
  return view;
}

// The first or the last bars of every chunk; of the last chunk, which is shorter, its first are all that is
// asked for.
template <class T>
Aligned<T> LongSeries<T>::window(bool head, std::int64_t bars) const {
  const std::size_t rows = bars * shape_.dimension, all = length_ * shape_.dimension;
  const std::size_t blocks = observations_.size() / (all * lane_block), skip = head ? 0 : all - rows;
  Aligned<T> result(blocks * rows * lane_block);
  for (std::size_t block = 0; block < blocks; ++block) {
    const T* from = &observations_[(block * all + skip) * lane_block];
    std::copy(from, from + rows * lane_block, &result[block * rows * lane_block]);
  }
  return result;
}

template <class T>
void LongSeries<T>::spread_parameters(int lanes, const T* parameters) {
  const AnyShape shape(shape_);
  const ParameterLayout<AnyShape> layout{shape};
  const int states = shape.states, m = shape.micros;
  tbb::parallel_for(0, lanes, [&](int lane) {
    const auto parameter = [&](int row) { return parameters[lane_index(lane, row, rows_)]; };
    for (int chunk = 0; chunk < chunks_; ++chunk) {
      for (std::size_t row = 0; row < rows_; ++row)
        parameters_[lane_index(static_cast<std::size_t>(lane) * chunks_ + chunk, row, rows_)] =
            parameter(static_cast<int>(row));
    }
    for (int k = 0; k < states; ++k) starts_[lane * states + k] = parameter(layout.start(k));
    for (int from = 0; from < states; ++from) {
      for (int to = 0; to < states; ++to) {
        const int i = from / m, j = to / m;
        double value = i == j ? static_cast<double>(parameter(layout.stay(i, from % m, to % m))) : 0.0;
        if (shape.macros > 1)
          value += static_cast<double>(parameter(layout.exit(from))) * parameter(layout.macro(i, j)) *
                   parameter(layout.entry(to));
        flat_[(static_cast<std::size_t>(lane) * states + from) * states + to] = value;
      }
    }
  });
}

template <class T>
void LongSeries<T>::set_start(std::size_t chunk_lane, std::span<const double> law) {
  for (std::size_t k = 0; k < law.size(); ++k)
    parameters_[lane_index(chunk_lane, k, rows_)] = static_cast<T>(law[k]);
}

template <class T>
typename LongSeries<T>::Transfer LongSeries<T>::transfer(int lanes, bool head, std::int64_t bars) {
  const std::size_t states = shape_.states(), all = static_cast<std::size_t>(lanes) * chunks_;
  const bool whole = bars >= length_;
  if (!whole && (head ? head_bars_ : tail_bars_) != bars) {
    (head ? head_ : tail_) = window(head, bars);
    (head ? head_bars_ : tail_bars_) = bars;
  }
  BatchView<T> view = this->view(lanes);
  std::vector<std::int32_t> ends(lengths_.begin(), lengths_.begin() + static_cast<std::ptrdiff_t>(all));
  if (!whole) {
    view.steps = bars;
    view.observations = head ? head_.data() : tail_.data();
    for (auto& end : ends) end = static_cast<std::int32_t>(std::min<std::int64_t>(end, bars));
    view.lengths = ends.data();
  }
  Transfer result{std::vector<double>(states * all * states), std::vector<double>(states * all), {}};
  Aligned<T> posteriors(all * view.steps * states);
  std::vector<double> likelihoods(all);
  for (std::size_t k = 0; k < states; ++k) {
    for (std::size_t lane = 0; lane < all; ++lane) {
      const std::size_t series = lane / chunks_;
      const bool begins = head && lane % chunks_ == 0;
      set_start(lane, {begins ? &starts_[series * states] : &flat_[(series * states + k) * states], states});
    }
    forward<T>(resources_, view, posteriors, likelihoods);
    const std::size_t rows = view.steps * states;
    for (std::size_t lane = 0; lane < all; ++lane) {
      result.logs[k * all + lane] = likelihoods[lane];
      for (std::size_t j = 0; j < states; ++j)
        result.rows[(k * all + lane) * states + j] =
            posteriors[lane_index(lane, (ends[lane] - 1) * states + j, rows)];
    }
  }
  result.merged.assign(all, 1);
  for (std::size_t lane = 0; lane < all; ++lane) {
    for (std::size_t k = 1; k < states; ++k) {
      for (std::size_t j = 0; j < states; ++j) {
        const double a = result.rows[lane * states + j], b = result.rows[(k * all + lane) * states + j];
        if (!(std::abs(a - b) <= merged<T> * std::min(a, b) + negligible<T>)) result.merged[lane] = 0;
      }
    }
  }
  return result;
}

// Laws forward and β backward through the chunks of one series.
template <class T>
void LongSeries<T>::pass_on(int lane, const Transfer& heads, const Transfer& tails) {
  const std::size_t states = shape_.states(), all = heads.merged.size();
  const auto at = [&](int chunk) { return static_cast<std::size_t>(lane) * chunks_ + chunk; };
  const auto scale = [&](const Transfer& of, std::size_t where, std::size_t k) {
    double largest = -HUGE_VAL;
    for (std::size_t i = 0; i < states; ++i) largest = std::max(largest, of.logs[i * all + where]);
    const double value = of.logs[k * all + where];
    return largest == -HUGE_VAL ? (std::isnan(value) ? value : 0.0) : std::exp(value - largest);
  };
  const double* flat = &flat_[lane * states * states];
  for (int chunk = 1; chunk < chunks_; ++chunk) {
    const std::size_t last = at(chunk - 1);
    double* before = &before_[at(chunk) * states];
    double sum = 0;
    for (std::size_t j = 0; j < states; ++j) {
      before[j] = 0;
      if (tails.merged[last] != 0) {
        before[j] = tails.rows[last * states + j];
      } else if (chunk == 1) {
        before[j] = heads.rows[last * states + j];
      } else {
        for (std::size_t k = 0; k < states; ++k)
          before[j] +=
              before_[last * states + k] * scale(heads, last, k) * heads.rows[(k * all + last) * states + j];
      }
      sum += before[j];
    }
    for (std::size_t j = 0; j < states; ++j) before[j] = sum == 0 ? 0 : before[j] / sum;
    for (std::size_t to = 0; to < states; ++to) {
      double& predicted = predicted_[at(chunk) * states + to];
      predicted = 0;
      for (std::size_t k = 0; k < states; ++k) predicted += before[k] * flat[k * states + to];
    }
  }
  std::vector<double> beta(states, 1), next(states);
  for (int chunk = chunks_ - 1; chunk >= 0; --chunk) {
    for (std::size_t k = 0; k < states; ++k)
      terminal_[lane_index(at(chunk), k, states)] = static_cast<T>(beta[k]);
    double largest = 0;
    for (std::size_t k = 0; k < states; ++k) {
      double sum = 0;
      for (std::size_t j = 0; j < states; ++j)
        sum += heads.rows[(k * all + at(chunk)) * states + j] * beta[j];
      next[k] = scale(heads, at(chunk), k) * (heads.merged[at(chunk)] != 0 ? 1.0 : sum);
      largest = std::max(largest, next[k]);
    }
    for (std::size_t k = 0; k < states; ++k) beta[k] = largest > 0 ? next[k] / largest : next[k];
  }
}

template <class T>
void LongSeries<T>::exchange(int lanes, const T* parameters) {
  spread_parameters(lanes, parameters);
  const std::size_t states = shape_.states();
  // Nobody asks for the β before the first chunk, nor for the law after the last; a chunk within the window
  // is known whole.
  const auto all_merged = [&](const Transfer& of, bool head) {
    for (std::size_t lane = 0; lane < of.merged.size(); ++lane) {
      const int chunk = static_cast<int>(lane % chunks_);
      const bool asked = head ? chunk > 0 && length_of(chunk) > warm_up_ : chunk + 1 < chunks_;
      if (asked && of.merged[lane] == 0) return false;
    }
    return true;
  };
  Transfer heads, tails;
  while (true) {
    heads = transfer(lanes, true, warm_up_);
    if (warm_up_ >= length_) break;
    if (all_merged(heads, true)) {
      tails = transfer(lanes, false, warm_up_);
      if (all_merged(tails, false)) break;
    }
    warm_up_ = std::min(length_, 4 * warm_up_);
  }
  if (warm_up_ >= length_) tails = heads;
  tbb::parallel_for(0, lanes, [&](int lane) { pass_on(lane, heads, tails); });
  for (int lane = 0; lane < lanes; ++lane) {
    set_start(static_cast<std::size_t>(lane) * chunks_, {&starts_[lane * states], states});
    for (int chunk = 1; chunk < chunks_; ++chunk)
      set_start(static_cast<std::size_t>(lane) * chunks_ + chunk, predicted(lane, chunk));
  }
}

template <class T>
std::span<const double> LongSeries<T>::law_before(int lane, int chunk) const {
  const std::size_t states = shape_.states();
  return {&before_[(static_cast<std::size_t>(lane) * chunks_ + chunk) * states], states};
}
template <class T>
std::span<const double> LongSeries<T>::predicted(int lane, int chunk) const {
  const std::size_t states = shape_.states();
  return {&predicted_[(static_cast<std::size_t>(lane) * chunks_ + chunk) * states], states};
}

template int chunks_of(const BatchView<float>&);
template int chunks_of(const BatchView<double>&);
template class LongSeries<float>;
template class LongSeries<double>;

}  // namespace regent::cuda::hmm
