#pragma once
// Latency of one bar for thousands of symbols at once.

#include <nlohmann/json.hpp>

#include "cuda/runtime/resources.hpp"
#include "hmm/model.hpp"

namespace regent::bench {

// 5,000 symbols (quick: 200) with models of their own around `model`: p50 and p99 of update(), all posteriors
// out, and the largest difference of some symbols' posteriors from the reference.
template <class T>
nlohmann::json run_tick(const cuda::Resources& resources, const hmm::Model& model, bool quick);

extern template nlohmann::json run_tick<float>(const cuda::Resources&, const hmm::Model&, bool);
extern template nlohmann::json run_tick<double>(const cuda::Resources&, const hmm::Model&, bool);

}  // namespace regent::bench
