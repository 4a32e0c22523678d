#pragma once
// An estimate as people and programs read it.

#include <nlohmann/json.hpp>
#include <string>

#include "covariance/commands/estimate.hpp"

namespace regent::covariance {

// Keys as docs/commands/covariance.md names them; covariances per row, not annualised.
nlohmann::ordered_json report_json(const Table& table, const Estimate& estimate);
// Summary, spectrum and, of up to 12 assets, the matrix; of more, the least and most correlated pairs.
std::string report_text(const Table& table, const Estimate& estimate);

}  // namespace regent::covariance
