#pragma once
// A task as a job for either launcher. Internal to cuda/trading.

#include <vector>

#include "cuda/trading/sweep_job.hpp"

namespace regent::cuda::sweep {

// Owns what a Job points to beside the task. Checks the task on the way.
template <class T>
class PreparedJob {
 public:
  PreparedJob(const Task& task, int tile_bars);
  PreparedJob(const PreparedJob&) = delete;
  PreparedJob& operator=(const PreparedJob&) = delete;
  Job job;
  Marks<T> marks;
  Results results;

 private:
  std::vector<T> close_, change_, growth_, growth_square_, loss_square_, low_, high_;
  std::vector<Stretch> stretches_;
  std::vector<TileSpan> tiles_;
  void plan(const Task& task, int tile_bars);
};

}  // namespace regent::cuda::sweep
