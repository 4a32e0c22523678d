#pragma once
// A task with its indicator table, which it may have to find first. Internal to cuda/trading.

#include <vector>

#include "cuda/trading/indicators_job.hpp"
#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {

struct TabledTask {
  Task task;
  std::vector<float> found;
  explicit TabledTask(const Task& of) : task(of) {
    if (of.columns.empty()) return;
    const Bars& bars = of.bars;
    found = indicator_table_cpu({bars.open, bars.high, bars.low, bars.close, of.volume}, of.columns);
    task.columns = {};
    task.table.values = found;
  }
  TabledTask(const TabledTask&) = delete;
  TabledTask& operator=(const TabledTask&) = delete;
};

}  // namespace regent::cuda::sweep
