#pragma once
// A task as a job for either launcher. Internal to cuda/trading.

#include <vector>

#include "cuda/trading/sweep_job.hpp"

namespace regent::cuda::sweep {

// Owns what a Job points to beside the task and the results. Checks the task on the way.
template <class T>
class PreparedJob {
 public:
  PreparedJob(const Task& task, int tile_bars);
  PreparedJob(const PreparedJob&) = delete;
  PreparedJob& operator=(const PreparedJob&) = delete;
  Job job;
  Marks<T> marks;

  std::span<const Growth> growth() const { return growth_sums_; }
  std::span<const Stretch> stretches() const { return stretches_; }
  std::span<const TileSpan> tiles() const { return tiles_; }

 private:
  std::vector<T> close_, change_, growth_, growth_square_, loss_square_, low_, high_;
  std::vector<Growth> growth_sums_;
  std::vector<Stretch> stretches_;
  std::vector<TileSpan> tiles_;
  void put_marks(const Bars& bars);
  void plan(const Task& task, int tile_bars);
  void put_stretch(std::int32_t first, std::int32_t end, std::int32_t bucket);
};

}  // namespace regent::cuda::sweep
