#include <limits>

#include "hmm/labels.hpp"

namespace regent::hmm {

// Shortest augmenting paths with potentials, O(n³). Rows and columns count from 1; 0 is the free one.
std::vector<int> optimal_assignment(std::span<const double> cost, int n) {
  std::vector<double> row_potential(n + 1, 0), column_potential(n + 1, 0);
  std::vector<int> row_of(n + 1, 0), way(n + 1, 0);
  for (int row = 1; row <= n; ++row) {
    row_of[0] = row;
    int column = 0;
    std::vector<double> slack(n + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> used(n + 1, false);
    do {
      used[column] = true;
      const int from = row_of[column];
      double step = std::numeric_limits<double>::infinity();
      int next = 0;
      for (int to = 1; to <= n; ++to) {
        if (used[to]) continue;
        const double reduced = cost[(from - 1) * n + to - 1] - row_potential[from] - column_potential[to];
        if (reduced < slack[to]) {
          slack[to] = reduced;
          way[to] = column;
        }
        if (slack[to] < step) {
          step = slack[to];
          next = to;
        }
      }
      for (int to = 0; to <= n; ++to) {
        if (used[to]) {
          row_potential[row_of[to]] += step;
          column_potential[to] -= step;
        } else {
          slack[to] -= step;
        }
      }
      column = next;
    } while (row_of[column] != 0);
    while (column != 0) {
      row_of[column] = row_of[way[column]];
      column = way[column];
    }
  }
  std::vector<int> assigned(n);
  for (int column = 1; column <= n; ++column) assigned[row_of[column] - 1] = column - 1;
  return assigned;
}

}  // namespace regent::hmm
