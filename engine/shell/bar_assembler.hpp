#pragma once
// Rows to bars: consecutive rows of one timestamp are one bar. It is whole when every symbol was there, when
// the next timestamp begins, or when its end is said (an empty line, the end of the input, the end of a
// message).

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/bar.hpp"
#include "market/csv_panel.hpp"

namespace regent::engine {

class BarAssembler {
 public:
  // symbols: sorted
  BarAssembler(std::string name, std::vector<std::string> symbols);

  // One line without its line end. The first one is the header; an empty one ends the bar. Throws InputError
  // naming the line; the row is then not taken.
  void line(std::string_view text);
  void end_bar();
  std::optional<Bar> take();
  std::size_t waiting() const { return ready_.size(); }

 private:
  void begin_bar(TimestampMs timestamp_ms);

  market::CsvRowReader reader_;
  std::vector<std::string> symbols_;
  std::optional<Bar> open_;
  std::vector<char> seen_;  // [symbols], of the open bar
  std::size_t seen_count_ = 0;
  std::optional<TimestampMs> last_ms_;
  std::deque<Bar> ready_;
};

}  // namespace regent::engine
