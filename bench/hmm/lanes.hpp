#pragma once
// Series and models laid out for the compute layer, in memory that starts on a cache line.

#include <tbb/parallel_for.h>

#include <vector>

#include "bench/hmm/scenario.hpp"
#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/aligned.hpp"
#include "hmm/lane_parameters.hpp"

namespace regent::bench {

using cuda::Aligned;

inline std::size_t padded(int lanes) {
  return cuda::hmm::blocks_of(lanes) * cuda::hmm::lane_block;
}

// [blocks, bars, dimension, 32]; lanes beyond the last repeat it.
template <class T>
Aligned<T> observations_of(const SeriesSet& set, int dimension) {
  const std::size_t rows = static_cast<std::size_t>(set.bars) * dimension;
  Aligned<T> lanes(padded(set.series) * rows);
  tbb::parallel_for(std::size_t{0}, cuda::hmm::blocks_of(set.series), [&](std::size_t block) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (int i = 0; i < cuda::hmm::lane_block; ++i) {
        const std::size_t lane = std::min<std::size_t>(block * cuda::hmm::lane_block + i, set.series - 1);
        lanes[(block * rows + row) * cuda::hmm::lane_block + i] =
            static_cast<T>(set.values[lane * rows + row]);
      }
    }
  });
  return lanes;
}

// One model in every lane; features are taken as they are.
template <class T>
Aligned<T> parameters_of(const hmm::Model& model, int lanes) {
  const std::vector<double> zeros(model.features.size(), 0), ones(model.features.size(), 1);
  const std::vector<double> lane = hmm::lane_parameters(model, {zeros, ones});
  Aligned<T> all(padded(lanes) * lane.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<T>(lane[i / cuda::hmm::lane_block % lane.size()]);
  return all;
}

template <class T>
cuda::hmm::BatchView<T> view_of(const hmm::Model& model, const SeriesSet& set, const Aligned<T>& parameters,
                                const Aligned<T>& observations) {
  cuda::hmm::BatchView<T> view;
  view.shape = hmm::shape_of(model);
  view.lanes = set.series;
  view.steps = set.bars;
  view.parameters = parameters.data();
  view.observations = observations.data();
  return view;
}

}  // namespace regent::bench
