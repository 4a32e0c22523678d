#include "covariance/commands/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "base/command_line.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "covariance/denoise.hpp"
#include "covariance/nearest_psd.hpp"
#include "covariance/sample.hpp"
#include "covariance/shrinkage.hpp"
#include "cuda/covariance/rolling.hpp"

namespace regent::covariance {
namespace {

bool is_shrinkage(const std::string& method) {
  return method == "ledoit-wolf" || method == "ledoit-wolf-identity" || method == "oas";
}

void require_complete(const Table& table, const std::string& method) {
  const std::size_t columns = table.names.size();
  std::size_t missing = 0, first = 0;
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    if (!std::isnan(table.values[i])) continue;
    if (missing++ == 0) first = i;
  }
  if (missing == 0) return;
  throw InputError(
      table.file + ": --method " + method + " needs every value, and " + std::to_string(missing) + " of " +
      std::to_string(table.values.size()) + " are missing, the first of " + table.names[first % columns] +
      " at " + table.row_name(first / columns) +
      "; leave symbols out with --symbols, cut with --from and --to, or use sample, rolling or ewma, "
      "which go by pairs");
}

Estimate sample(const Table& table, int ddof, const cuda::Resources* device) {
  PairwiseCovariance pairs = sample_covariance(table.observations(), ddof, device);
  Estimate estimate;
  estimate.covariance = std::move(pairs.covariance);
  estimate.observations = std::move(pairs.observations);
  estimate.complete = pairs.complete;
  return estimate;
}

// Where products over bars are made: a small table is done before a GPU has begun.
cuda::Resources device_of(const Table& table, const MethodFlags& flags) {
  constexpr double multiplications_min = 1e9;
  const double columns = static_cast<double>(table.names.size());
  const bool small = static_cast<double>(table.rows) * columns * columns < multiplications_min;
  return cuda::Resources::make(flags.device == "auto" && small ? "cpu" : flags.device);
}

Estimate sample(const Table& table, const MethodFlags& flags) {
  const cuda::Resources device = device_of(table, flags);
  return sample(table, ddof_of(flags), &device);
}

Estimate rolling(const Table& table, const MethodFlags& flags) {
  const auto columns = table.names.size();
  const auto window = static_cast<std::size_t>(*flags.window);
  Table last = table;
  last.values.assign(table.values.end() - static_cast<std::ptrdiff_t>(window * columns), table.values.end());
  last.rows = window;
  Estimate estimate = sample(last, ddof_of(flags), nullptr);  // for the numbers of observations
  estimate.covariance.values = cuda::covariance::last_rolling_covariance(
      cuda::Resources::make(flags.device), {.values = table.values,
                                            .rows = static_cast<int>(table.rows),
                                            .columns = static_cast<int>(columns),
                                            .window = *flags.window,
                                            .ddof = ddof_of(flags)});
  return estimate;
}

Estimate ewma(const Table& table, const MethodFlags& flags) {
  Ewma state(table.names.size(), ewma_settings_of(flags));
  for (std::size_t row = 0; row < table.rows; ++row) {
    state.update(std::span(table.values).subspan(row * table.names.size(), table.names.size()));
  }
  Estimate estimate;
  estimate.covariance = state.covariance();
  estimate.complete = table.observations().complete();
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    for (std::size_t j = 0; j < table.names.size(); ++j)
      estimate.observations.push_back(state.observations(i, j));
  }
  return estimate;
}

Estimate shrinkage(const Table& table, const MethodFlags& flags) {
  require_complete(table, flags.method);
  const Observations observations = table.observations();
  const cuda::Resources device = device_of(table, flags);
  Shrunk shrunk = flags.method == "oas"           ? oracle_approximating(observations, &device)
                  : flags.method == "ledoit-wolf" ? ledoit_wolf_constant_correlation(observations, &device)
                                                  : ledoit_wolf_identity(observations, &device);
  const auto rows = static_cast<double>(table.rows);
  for (double& value : shrunk.covariance.values) value *= rows / (rows - ddof_of(flags));
  Estimate estimate;
  estimate.covariance = std::move(shrunk.covariance);
  estimate.shrinkage = shrunk.shrinkage;
  estimate.observations.assign(table.names.size() * table.names.size(),
                               static_cast<std::int64_t>(table.rows));
  return estimate;
}

// Effective number of rows behind the matrix, for the noise's edge.
double rows_behind(const Table& table, const MethodFlags& flags) {
  if (flags.method == "rolling") return *flags.window;
  if (flags.method != "ewma") return static_cast<double>(table.rows);
  const double decay = std::exp2(-1 / ewma_settings_of(flags).half_life_correlation);
  if (decay == 1)
    return static_cast<double>(table.rows);  // a half-life beyond what a double tells from for ever
  const double sum = -std::expm1(static_cast<double>(table.rows) * std::log(decay)) / (1 - decay);
  const double squares =
      -std::expm1(2 * static_cast<double>(table.rows) * std::log(decay)) / (1 - decay * decay);
  return sum * sum / squares;
}

void clean(Estimate& estimate, const Table& table, const MethodFlags& flags) {
  if (flags.method == "denoised") {
    require_complete(table, flags.method);
    Denoised result = denoised(estimate.covariance, table.rows);
    estimate.covariance = std::move(result.covariance);
    estimate.noise = result.noise;
    estimate.signals = result.signals;
  }
  estimate.undefined = 0;
  for (std::size_t i = 0; i < estimate.covariance.size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) estimate.undefined += std::isnan(estimate.covariance(i, j)) ? 1 : 0;
  }
  if (estimate.undefined > 0 && (flags.nearest_psd || flags.detone > 0)) {
    throw InputError(table.file + ": " + pairs_have(estimate.undefined) +
                     " fewer than 2 observations in common, so the matrix cannot be " +
                     (flags.detone > 0 ? "detoned" : "made positive semi-definite"));
  }
  if (static_cast<std::size_t>(flags.detone) >= table.names.size()) {
    throw InputError("--detone " + std::to_string(flags.detone) + ": " + table.file + " has " +
                     std::to_string(table.names.size()) + " modes, of which at least one must stay");
  }
  if (flags.detone > 0)
    estimate.covariance = detoned(estimate.covariance, static_cast<std::size_t>(flags.detone));
  if (flags.nearest_psd) {
    Matrix repaired = nearest_psd(estimate.covariance);
    estimate.repaired = repaired.values != estimate.covariance.values;
    estimate.covariance = std::move(repaired);
  }
}

void check_half_life(const std::string& flag, const std::optional<double>& value) {
  if (value && !(std::isfinite(*value) && *value > 0)) {
    throw InputError(flag + " " + std::to_string(*value) + ": a half-life is a number of rows above 0");
  }
}

}  // namespace

std::string pairs_have(std::size_t pairs) {
  return std::to_string(pairs) + (pairs == 1 ? " pair has" : " pairs have");
}

void describe(Estimate& estimate, double rows) {
  if (estimate.undefined > 0) return;
  estimate.spectrum = spectrum_of(estimate.covariance);
  for (std::size_t i = 0; i < estimate.covariance.size; ++i) {
    if (!(estimate.covariance(i, i) > 0)) return;  // a window in which a column did not move
  }
  estimate.correlation_spectrum = spectrum_of(correlation_of(estimate.covariance));
  if (estimate.noise || estimate.covariance.size < 2) return;
  const auto& values = estimate.correlation_spectrum->values;
  estimate.noise = fit_marchenko_pastur(values, static_cast<double>(estimate.covariance.size) / rows);
  estimate.signals = static_cast<std::size_t>(
      std::ranges::count_if(values, [&](double value) { return value > estimate.noise->upper(); }));
}

const std::vector<std::string> methods{"sample", "ewma",    "rolling", "ledoit-wolf", "ledoit-wolf-identity",
                                       "oas",    "denoised"};

int ddof_of(const MethodFlags& flags) {
  return flags.ddof.value_or(is_shrinkage(flags.method) ? 0 : 1);
}

bool is_of_every_row(const MethodFlags& flags) {
  return flags.method == "rolling" || flags.method == "ewma";
}

EwmaSettings ewma_settings_of(const MethodFlags& flags) {
  const double half_life = *flags.half_life;
  return {half_life, flags.half_life_correlation.value_or(half_life), ddof_of(flags)};
}

void check_method(const MethodFlags& flags) {
  if (std::ranges::find(methods, flags.method) == methods.end()) {
    std::string known;
    for (const auto& name : methods) known += (known.empty() ? "" : ", ") + name;
    throw InputError("--method " + flags.method + " is unknown" + suggestion(flags.method, methods) +
                     "; there are " + known);
  }
  if (flags.ddof && *flags.ddof != 0 && *flags.ddof != 1) {
    throw InputError("--ddof " + std::to_string(*flags.ddof) + ": it must be 0 or 1");
  }
  const bool is_rolling = flags.method == "rolling", is_ewma = flags.method == "ewma";
  refuse_unless(flags.window.has_value(), is_rolling, "--window", "--method rolling");
  refuse_unless(flags.half_life.has_value(), is_ewma, "--half-life", "--method ewma");
  refuse_unless(flags.half_life_correlation.has_value(), is_ewma, "--half-life-correlation", "--method ewma");
  if (is_rolling && !flags.window) throw InputError("--method rolling needs --window ROWS");
  if (is_ewma && !flags.half_life) throw InputError("--method ewma needs --half-life ROWS");
  check_half_life("--half-life", flags.half_life);
  check_half_life("--half-life-correlation", flags.half_life_correlation);
  if (flags.window && *flags.window < 2) {
    throw InputError("--window " + std::to_string(*flags.window) + ": it must have at least 2 rows");
  }
  if (flags.detone < 0)
    throw InputError("--detone " + std::to_string(flags.detone) + ": it must not be negative");
}

Estimate estimate_of(const Table& table, const MethodFlags& flags) {
  check_method(flags);
  if (flags.window && static_cast<std::size_t>(*flags.window) > table.rows) {
    throw InputError(table.file + ": --window " + std::to_string(*flags.window) + " of " +
                     std::to_string(table.rows) + " rows; it must have no more than there are");
  }
  Estimate estimate = flags.method == "rolling"    ? rolling(table, flags)
                      : flags.method == "ewma"     ? ewma(table, flags)
                      : is_shrinkage(flags.method) ? shrinkage(table, flags)
                                                   : sample(table, flags);
  estimate.method = flags.method;
  estimate.ddof = ddof_of(flags);
  clean(estimate, table, flags);
  describe(estimate, rows_behind(table, flags));
  return estimate;
}

}  // namespace regent::covariance
