#pragma once
// Rolling covariances of a panel of returns, consumed by a sum.

#include <string>

namespace regent::bench {

struct RollingCase {
  std::string file;
  int rows = 0, columns = 0, window = 252;
};

// {"ours": [seconds…], "checksum": sum over all windows of the lower triangle's entries}
std::string run_rolling(const RollingCase& which, int rounds);

}  // namespace regent::bench
