#pragma once
// How many free parameters a fit has: what AIC and BIC count.

#include "hmm/fit.hpp"

namespace regent::hmm {

// Of the start law, transitions, exits, and emissions over `dimension` features; every row of n probabilities
// counts n − 1, macro self-transitions are none. Masks and fixed parameters aside.
int parameter_count(const FitSettings& settings, int dimension);

}  // namespace regent::hmm
