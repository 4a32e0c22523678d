#pragma once
// How long the blocks of a bootstrap should be.

#include <span>

namespace regent::scenario {

struct BlockLength {
  double stationary = 1, circular = 1;  // bars: mean length, and length
};

// Politis, White (2004), Automatic Block-Length Selection, with the correction of Patton, Politis, White
// (2009). A series without dependence has blocks of 1; at most a third of the bars or 3·√bars (the authors'
// bounds). Throws InputError for fewer than 20 values, or one that is not finite.
BlockLength block_length(std::span<const double> series);

}  // namespace regent::scenario
