#pragma once
// What an allocation is asked for. The defaults leave out every step that was not asked for by name.

#include <map>
#include <string>
#include <vector>

namespace regent {
class Config;
}

namespace regent::allocation {

// How far convictions decide the size of the whole: the budget is the target volatility times the root mean
// square conviction, or the target whatever their size.
enum class RiskScale { conviction, full };
// How convictions become exposures: each over its own asset's volatility, through the eigen-modes, or as the
// weights that they are. The others are portfolios of the covariance alone (reference_portfolios.hpp).
enum class Sizing { volatility, eigen_risk, given, equal, inverse_variance, minimum_variance, risk_parity };

struct AllocatorSettings {
  double target_volatility = 0.10;        // annual
  double half_life_bars = 33;             // of the covariance
  double half_life_correlation_bars = 0;  // of its correlations; 0: as that of the variances
  double half_life_level_bars = 0;        // of the level of all volatilities together; 0: not looked at
  double calibration_half_life_bars = 0;  // of how risk turned out beside the prediction; 0: not looked at
  double position_max = 0.10;             // fraction of equity
  double gross_max = 1.0;                 // fraction of equity: the leverage
  double periods_per_year = 252;
  int warmup_bars = 40;  // returns that a symbol must have shown before it has a covariance
  RiskScale risk = RiskScale::conviction;
  Sizing sizing = Sizing::volatility;
  bool hedges = true;           // a weight may stand against its conviction, to hedge; else it is 0
  bool denoise = false;         // correlations are cleaned of what noise alone would give
  double derisk_from = 1;       // correlation above which positions on one side are cut; 1: never
  double turnover_penalty = 0;  // of a move's variance, in units of that of a distance from the aim
  std::map<std::string, double> regime_risk;  // regime's label → multiplier of the budget in [0, 1]; else 1
};

// Section allocator of the config; periods_per_year comes from the data. Throws InputError for an entry of
// regime_risk that is not "label=number" with a number in [0, 1].
AllocatorSettings allocator_settings(const Config& config, double periods_per_year);

// Numbers out of their ranges are a broken invariant.
void check_settings(const AllocatorSettings& settings);

// Of entries such as "chaos=0.5". Throws InputError, in which `name` stands, for one that is no such entry
// and for a regime that stands twice.
std::map<std::string, double> regime_risk_of(const std::vector<std::string>& entries,
                                             const std::string& name);

}  // namespace regent::allocation
