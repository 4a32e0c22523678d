#pragma once
// From flags to what is simulated: source, stresses, portfolio and costs.

#include <optional>

#include "scenario/calibration.hpp"
#include "scenario/commands/dream_flags.hpp"
#include "scenario/commands/dream_policy.hpp"
#include "scenario/stress.hpp"

namespace regent::scenario {

struct DreamSetup {
  const DreamPolicy* policy = nullptr;
  std::optional<Returns> returns;          // of the data, where there are any
  std::optional<Calibration> calibration;  // of source regimes
  std::string law_json;                    // the same as a model file has it, whatever --start says
  bool fitted = false;                     // and not read from --calibration
  cuda::scenario::History history;         // of the others
  std::vector<std::string> symbols, labels;
  std::vector<NamedStress> stresses;  // the first is the baseline, without parts
  cuda::scenario::Task task;          // of the baseline; points into this object
  double bars_per_year = 252;
  double block_bars = 0;
  std::string fingerprint;  // SHA-256 of all that decides a path's numbers
  std::string settings;     // of what people chose of it: dreams of other data may share it

  // "" where the source has no regimes
  std::string regime_name(std::size_t regime) const { return labels.empty() ? "" : labels[regime]; }

  DreamSetup() = default;
  DreamSetup(const DreamSetup&) = delete;
  DreamSetup& operator=(const DreamSetup&) = delete;
  // The task under stress number `index`; `schedule` is what it then points to.
  cuda::scenario::Task stressed(std::size_t index, std::vector<cuda::scenario::Stress>& schedule) const;
};

// Reads, calibrates, checks everything that can be wrong before any path is made; writes nothing. The setup
// keeps pointing to `policy`. Throws InputError.
void set_up(const DreamFlags& flags, DreamPolicy& policy, DreamSetup& setup);

}  // namespace regent::scenario
