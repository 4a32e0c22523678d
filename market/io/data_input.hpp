#pragma once
// What import, check and describe share: files, flags, and how findings are shown.

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/command_line.hpp"
#include "market/io/panel_file.hpp"

namespace regent::market {

struct DataFlags {
  CommonFlags common;
  std::vector<std::string> files;
  std::string from, to, symbols, timeframe;
  bool adjusted = false;
  bool json = false;
};

void add_data_flags(CLI::App& command, DataFlags& flags);

// Reads, keeps what --symbols, --from and --to name, and makes longer bars of it for --timeframe. Throws
// InputError; *report is filled before that.
Panel read_input(const DataFlags& flags, ImportReport& report);
// The same for a command that is not about the data themselves: what was found wrong in them, but for gaps,
// and prices that are not adjusted though they could be, go to standard error.
Panel read_input(const DataFlags& flags);

// A table of the findings by kind with examples; "" when there are none.
std::string findings_text(const ImportReport& report);
nlohmann::json findings_json(const ImportReport& report);

}  // namespace regent::market
