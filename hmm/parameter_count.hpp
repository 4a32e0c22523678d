#pragma once
// How many free parameters a fit has: what AIC and BIC count.

#include "hmm/fit.hpp"

namespace regent::hmm {

// Of the start law, transitions, exits, and emissions over `dimension` features; every row of n probabilities
// counts n − 1 of its entries that may be above zero, macro self-transitions are none, a regime that may go
// nowhere has no exits, and what is fixed counts nothing.
int parameter_count(const FitSettings& settings, int dimension);

}  // namespace regent::hmm
