#pragma once
// What the flags and the configuration ask for, as settings of the room.

#include "allocation/commands/allocate_flags.hpp"

namespace regent::allocation {

struct Choices {
  RiskSettings risk;
  std::vector<Candidate> candidates;  // the first is the method asked for; the others are compared with it
  std::size_t first_bar = 0;          // of the first decision, by what the covariance needs
};

// Of a walk forward each method compared stands twice: fully invested, and scaled to the same target with the
// same covariance, calibration and caps. The configuration's section allocator holds where no flag says
// otherwise; what neither names has the command's own defaults (docs/commands/allocate.md). Throws InputError
// naming flag and value.
Choices choices_of(const AllocateFlags& flags, double periods_per_year);

}  // namespace regent::allocation
