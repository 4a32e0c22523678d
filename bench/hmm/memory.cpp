#include "bench/hmm/memory.hpp"

#include <sys/resource.h>

#include <random>

#include "bench/hmm/em.hpp"

namespace regent::bench {
namespace {

std::int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * std::int64_t{1024};
}

// Noise about the states in turn: what EM costs does not depend on the values.
float value_at(std::mt19937& engine, std::int64_t bar) {
  static thread_local std::normal_distribution<float> normal(0, 1);
  return normal(engine) + static_cast<float>(bar / 100 % 3);
}

}  // namespace

nlohmann::json measure_memory(bool quick) {
  const hmm::Model model = make_scenario(true).hierarchy;
  const SeriesSet sizes{quick ? 64 : 5000, quick ? 1000 : 10'000, {}};
  Aligned<float> observations(padded(sizes.series) * sizes.bars * model.dimension());
  std::mt19937 engine(1);
  for (std::size_t i = 0; i < observations.size(); ++i)
    observations[i] = value_at(engine, static_cast<std::int64_t>(i / cuda::hmm::lane_block));
  const std::int64_t before = peak_bytes();
  const cuda::Resources cpu = cuda::Resources::make("cpu");
  BatchEm<float> em(cpu, model, sizes, observations);
  const Ascended result = em.run(1);
  return {{"input_bytes", observations.size() * sizeof(float)},
          {"beyond_input_bytes", peak_bytes() - before},
          {"limit_bytes", 1'000'000'000},
          {"log_likelihood", result.log_likelihood}};
}

}  // namespace regent::bench
