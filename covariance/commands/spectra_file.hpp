#pragma once
// --spectra: the spectrum of every window of a rolling covariance, or of every row of an ewma one.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "covariance/commands/estimate.hpp"
#include "covariance/spectra.hpp"

namespace regent::covariance {

struct SpectraFlags {
  std::string file;
  std::optional<int> modes;  // unset: 10, or as many as there are columns
};

// Before anything is read. Throws InputError naming flag and value.
void check_spectra(const SpectraFlags& flags, const MethodFlags& method);
Spectra spectra_of(const Table& table, const MethodFlags& method, const SpectraFlags& flags, int every);
// A row per time: `timestamp` (or `row`, from 1), `total_variance`, `absorption_ratio`, `effective_rank`,
// `eigenvalue_1`, …, `participation_1`, …; empty (null) where a pair has too few observations.
void write_spectra(const Table& table, const Spectra& spectra, const std::string& file);

nlohmann::ordered_json spectra_json(const Table& table, const Spectra& spectra);
std::string spectra_text(const Table& table, const Spectra& spectra);

}  // namespace regent::covariance
