#pragma once
// Where convictions and regimes come from: equal, momentum, or files.

#include <map>
#include <string>

#include "allocation/walk_forward.hpp"

namespace regent::allocation {

struct WishFlags {
  std::string convictions = "equal";  // equal, momentum, or a file
  std::string regimes;                // a file, or ""
};

class WishSource {
 public:
  // Reads the files. A file of convictions has a column of times and one for each symbol (any of the panel's;
  // the others have no conviction), and may have a column regime; or it has a column symbol and a column
  // conviction, which hold at all times. limit: largest absolute conviction. A file of regimes has a column
  // of times and a column regime. Throws InputError naming file, row and column for what cannot be read, a
  // symbol that the panel has not, a conviction beyond the limit, and times that do not rise.
  WishSource(const WishFlags& flags, const market::Panel& panel, double limit);
  // What was known after the bar: the last row at or before its time.
  Wish at(std::size_t bar) const;
  std::size_t first_bar() const { return first_bar_; }  // at which there is something to wish
  // Throws InputError where a regime that is given a risk, named by `flag`, is none of the files'.
  void check_regimes(const std::map<std::string, double>& risk, const std::string& flag) const;

 private:
  void read_over_time(const std::string& file, double limit);
  void read_regimes(const std::string& file);

  const market::Panel& panel_;
  bool momentum_ = false;
  std::size_t first_bar_ = 0;
  std::map<TimestampMs, std::vector<double>> convictions_;  // by the time from which they hold; empty: equal
  std::map<TimestampMs, std::string> regimes_;
};

}  // namespace regent::allocation
