#pragma once
// The flags that say what is fitted and how; what is not said comes from the configuration (hmm.…).

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "hmm/commands/series_source.hpp"
#include "hmm/fit_batch.hpp"

namespace regent::hmm {

// The moves that may be.
struct MaskFlags {
  std::string forbidden;  // "0:2,1:0": moves between macro regimes, of a flat model between states
  bool left_right = false;
};
// What is fitted, and with how much effort.
struct FitFlags {
  SourceFlags source;
  MaskFlags masks;
  std::string features, device = "auto", precision = "float";
  bool panel = false;
  int restarts = -1;
  std::int64_t seed = -1;
};
// The one shape that fit fits.
struct ShapeFlags {
  int states = 0, macros = 0, micros = 0, components = 0;
  std::string emission, covariance;
};

void add_fit_flags(CLI::App& command, FitFlags& flags);
void add_shape_flags(CLI::App& command, ShapeFlags& flags);

// The configuration's hmm.… with the flags on top. Throws InputError.
FitSettings fit_settings(const FitFlags& flags);
// Throws InputError where flags contradict each other. A mixture has two components unless told otherwise.
void put_shape(const ShapeFlags& flags, FitSettings& settings);
// Instead: the shape, emission and, where --covariance says nothing, kind of covariance of the model of
// --start. Throws InputError where a flag names others.
void put_start(const ShapeFlags& flags, const std::string& file, FitSettings& settings);
// The masks of moves that --forbid and --left-right say, for a fit of this shape. Throws InputError.
void put_masks(const MaskFlags& flags, FitSettings& settings);
EmissionKind emission_named(const std::string& name);
CovarianceKind covariance_named(const std::string& name);
// Named, or by default: log_return and realised_volatility_21 per symbol; market_return, market_volatility_5,
// market_volatility_21 of the panel; every column of numbers of a table but bar and true_state, which regent
// hmm sample writes (a line on standard error says so).
SeriesInput read_fit_series(const FitFlags& flags);
// Of one series, as fit_batch takes it; views into `input`.
std::vector<Series> fit_series(const SeriesInput& input);

}  // namespace regent::hmm
