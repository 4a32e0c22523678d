#pragma once
// What a fit is asked to do, checked before anything is read.

#include <string>
#include <vector>

#include "hmm/fit.hpp"

namespace regent::hmm {

// Both throw InputError naming the setting, or the table.
void check_settings(const FitSettings& settings);
// A model that a fit begins at, `which` ("start model"), has the fit's shape, features and emissions.
void check_start(const Model& model, const std::string& which, const std::vector<std::string>& features,
                 const FitSettings& settings);

}  // namespace regent::hmm
