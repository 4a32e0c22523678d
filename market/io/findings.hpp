#pragma once
// What is wrong with the data that is being read, and what was done about it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "market/io/panel_file.hpp"

namespace regent::market {

class Findings {
 public:
  explicit Findings(ImportReport& report) : report_(report) {}

  // One kind of fault: its policy, and what to set to go on in spite of it.
  struct Kind {
    const char* name = nullptr;
    Repair repair{};
    const char* key = nullptr;        // "data.on_nan"; nullptr: nothing helps
    const char* dropped = "dropped";  // what Repair::drop does here
    const char* missing = "kept as missing";
  };
  // `describe` fills file, row, column, value and is only called for findings that are kept. `explain` says
  // what is wrong in words, for the message of a rejection.
  Repair add(const Kind& kind, const std::function<void(ImportReport::Finding&)>& describe,
             const std::function<std::string()>& explain);

  // Throws InputError with the first finding that was rejected and the number of all of them.
  void throw_if_rejected() const;

 private:
  ImportReport& report_;
  std::size_t rejected_ = 0;
  std::string first_rejected_;
};

}  // namespace regent::market
