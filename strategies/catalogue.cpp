// Every family, declared once.

#include <algorithm>
#include <array>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "strategies/family.hpp"

namespace regent::strategies {
namespace {

ColumnKey column(Indicator indicator, double w, double v = 0) {
  return {indicator, static_cast<std::int32_t>(w), static_cast<std::int32_t>(v)};
}

Parameter bars(const char* name, const char* meaning, double fallback, const char* grid, double least = 1) {
  return {name, meaning, fallback, least, 100'000, true, grid};
}

Parameter level(const char* name, const char* meaning, double fallback, const char* grid, double least,
                double most) {
  return {name, meaning, fallback, least, most, false, grid};
}

const Parameter fast = bars("fast", "bars of the fast average", 20, "5:50:5");
const Parameter slow = bars("slow", "bars of the slow average", 100, "20:200:20");
constexpr const char* fast_is_faster = "fast < slow";

bool fast_before_slow(Values v) {
  return v[0] < v[1];
}

Family sma_cross() {
  return {.name = "sma_cross",
          .summary = "Long while the fast simple average is above the slow one",
          .formula = "long: SMA_fast > SMA_slow; short: SMA_fast < SMA_slow",
          .source = "Brock, Lakonishok & LeBaron (1992)",
          .parameters = {fast, slow},
          .condition = fast_is_faster,
          .meets = fast_before_slow,
          .recipe = [](Values v) {
            return Recipe{.enter = column(Indicator::sma, v[0]), .minus = column(Indicator::sma, v[1])};
          }};
}

Family ema_cross() {
  return {.name = "ema_cross",
          .summary = "Long while the fast exponential average is above the slow one",
          .formula = "long: EMA_fast > EMA_slow; short: EMA_fast < EMA_slow; α = 2 / (bars + 1)",
          .source = "Appel (1979)",
          .parameters = {fast, slow},
          .condition = fast_is_faster,
          .meets = fast_before_slow,
          .recipe = [](Values v) {
            return Recipe{.enter = column(Indicator::ema, v[0]), .minus = column(Indicator::ema, v[1])};
          }};
}

Family macd() {
  return {.name = "macd",
          .summary = "Long while the MACD is above its signal line",
          .formula = "M = EMA_fast − EMA_slow; long: M > EMA_signal(M); short: M < EMA_signal(M)",
          .source = "Appel (1979)",
          .parameters = {bars("fast", "bars of the fast average", 12, "6:24:3"),
                         bars("slow", "bars of the slow average", 26, "26:104:13"),
                         bars("signal", "bars of the signal line", 9, "5:20:5")},
          .condition = fast_is_faster,
          .meets = fast_before_slow,
          .recipe = [](Values v) {
            return Recipe{.enter = column(Indicator::macd, v[0], v[2]),
                          .minus = column(Indicator::macd, v[1], v[2])};
          }};
}

Family rsi_reversion() {
  return {
      .name = "rsi_reversion",
      .summary = "Buys what has fallen: long from a low RSI until it has recovered",
      .formula =
          "long from RSI_window < low until RSI ≥ exit; short from RSI > 100 − low until RSI ≤ 100 − exit",
      .source = "Wilder (1978)",
      .parameters = {bars("window", "bars of the RSI", 14, "6:30:4", 2),
                     level("low", "RSI below which it buys", 30, "15:45:5", 1, 49.999),
                     level("exit", "RSI at which it leaves", 50, "40:70:5", 1, 99)},
      .condition = "low < exit",
      .meets = [](Values v) { return v[1] < v[2]; },
      .recipe =
          [](Values v) {
            return Recipe{.enter = column(Indicator::oversold, v[0]),
                          .enter_level = 50 - v[1],
                          .stay_level = 50 - v[2]};
          }};
}

Family bollinger_reversion() {
  return {
      .name = "bollinger_reversion",
      .summary = "Buys below the lower Bollinger band and leaves at the middle one",
      .formula =
          "b = (c − SMA_window) / sd_window; long from b < −width until b ≥ 0; short from b > width until b "
          "≤ 0",
      .source = "Bollinger (2001)",
      .parameters = {bars("window", "bars of the bands", 20, "10:100:10", 2),
                     level("width", "standard deviations from the middle to a band", 2, "1:3:0.5", 0.01, 20)},
      .recipe = [](Values v) {
        return Recipe{.enter = column(Indicator::below_band, v[0]), .enter_level = v[1], .stay_level = 0};
      }};
}

Family zscore_reversion() {
  return {
      .name = "zscore_reversion",
      .summary = "Mean reversion of the log price's z-score, with levels of its own for entry and exit",
      .formula = "z = (log c − mean) / sd over window; long from z < −entry until z ≥ −exit; short mirrored",
      .source = "Gatev, Goetzmann & Rouwenhorst (2006), on one asset",
      .parameters = {bars("window", "bars of the z-score", 48, "24:240:24", 2),
                     level("entry", "z-score beyond which it enters", 2, "1:3:0.5", 0.01, 20),
                     level("exit", "z-score within which it leaves", 0.5, "-0.5:0.5:0.5", -20, 20)},
      .condition = "exit < entry",
      .meets = [](Values v) { return v[2] < v[1]; },
      .recipe =
          [](Values v) {
            return Recipe{
                .enter = column(Indicator::below_log_band, v[0]), .enter_level = v[1], .stay_level = v[2]};
          }};
}

Family donchian_breakout() {
  return {
      .name = "donchian_breakout",
      .summary = "Buys a new high of the last bars and leaves at a new low of fewer",
      .formula =
          "long from c > highest high of the entry bars before until c < lowest low of the exit bars before; "
          "short mirrored",
      .source = "Donchian (1960); Faith (2007)",
      .parameters = {bars("entry", "bars whose high is broken", 55, "20:120:10"),
                     bars("exit", "bars whose low is broken", 20, "5:60:5")},
      .recipe = [](Values v) {
        return Recipe{.enter = column(Indicator::breakout, v[0]),
                      .stay = column(Indicator::breakout, v[1]),
                      .enter_level = 0.5,
                      .stay_level = -0.5};
      }};
}

Family keltner_breakout() {
  return {
      .name = "keltner_breakout",
      .summary = "Buys above the ATR channel and leaves at its middle",
      .formula = "k = (c − EMA_window) / ATR_window; long from k > multiple until k ≤ 0; short mirrored",
      .source = "Keltner (1960), with the ATR of Wilder (1978)",
      .parameters = {bars("window", "bars of the average and of the ATR", 20, "10:100:10"),
                     level("multiple", "ATRs from the middle to the channel's edge", 2, "0.5:4:0.5", 0, 50)},
      .recipe = [](Values v) {
        return Recipe{.enter = column(Indicator::channel, v[0]), .enter_level = v[1], .stay_level = 0};
      }};
}

Family momentum_volume() {
  return {.name = "momentum_volume",
          .summary = "Time-series momentum, entered on more volume than usual",
          .formula =
              "m = c / c[window bars before] − 1; long from m > entry and volume > "
              "ratio·mean_volume_window(volume) "
              "until m ≤ 0; short mirrored in m",
          .source = "Moskowitz, Ooi & Pedersen (2012); volume filter after Lee & Swaminathan (2000)",
          .parameters = {bars("window", "bars of the momentum", 48, "12:240:12"),
                         level("entry", "momentum above which it enters", 0.01, "0:0.05:0.01", 0, 10),
                         bars("volume_window", "bars of the mean volume", 24, "24:72:24"),
                         level("ratio", "volume over its mean for an entry", 1, "0.5:2:0.5", 0, 1000)},
          .recipe = [](Values v) {
            return Recipe{.enter = column(Indicator::momentum, v[0]),
                          .gate = column(Indicator::volume, v[2]),
                          .enter_level = v[1],
                          .stay_level = 0,
                          .gate_level = v[3] - 1};
          }};
}

Family calm_sma_cross() {
  return {
      .name = "calm_sma_cross",
      .summary = "sma_cross, entered only while volatility is no higher than usual",
      .formula =
          "long from SMA_fast > SMA_slow and sd_volatility / sd_(10·volatility) of log returns < limit until "
          "SMA_fast ≤ SMA_slow; short mirrored",
      .source = "Barroso & Santa-Clara (2015), as a filter",
      .parameters = {fast, slow, bars("volatility", "bars of the recent volatility", 24, "24:72:24", 2),
                     level("limit", "recent over usual volatility, below which it enters", 1, "0.6:1.4:0.2",
                           0.01, 100)},
      .condition = fast_is_faster,
      .meets = fast_before_slow,
      .recipe = [](Values v) {
        return Recipe{.enter = column(Indicator::sma, v[0]),
                      .minus = column(Indicator::sma, v[1]),
                      .gate = column(Indicator::calm, v[2], 10 * v[2]),
                      .gate_level = -v[3]};
      }};
}

Family regime_sma_cross() {
  return {
      .name = "regime_sma_cross",
      .summary = "sma_cross in the direction of the long trend only",
      .formula =
          "long while SMA_fast > SMA_slow and c > SMA_regime; short while SMA_fast < SMA_slow and c < "
          "SMA_regime",
      .source = "Faber (2007)",
      .parameters = {fast, slow,
                     bars("regime", "bars of the average that says which trend it is", 400, "200:800:200")},
      .condition = fast_is_faster,
      .meets = fast_before_slow,
      .recipe = [](Values v) {
        return Recipe{.enter = column(Indicator::sma, v[0]),
                      .minus = column(Indicator::sma, v[1]),
                      .side = column(Indicator::above, v[2])};
      }};
}

Family combined_vote() {
  return {.name = "combined_vote",
          .summary = "Average cross, momentum and RSI vote",
          .formula =
              "votes: sign(SMA_fast − SMA_slow), sign(c / c[momentum bars before] − 1), sign(RSI_rsi − 50); "
              "long while at "
              "least `votes` are up, short while they are down, flat where both hold; a vote that is not "
              "known yet "
              "counts for neither side",
          .source = "equal-weight forecast combination: Timmermann (2006)",
          .parameters = {fast,
                         slow,
                         bars("momentum", "bars of the momentum", 48, "24:120:24"),
                         bars("rsi", "bars of the RSI", 14, "14:28:14", 2),
                         {"votes", "votes needed, 1 to 3", 2, 1, 3, true, "2:3:1"}},
          .condition = fast_is_faster,
          .meets = fast_before_slow,
          .recipe = [](Values v) {
            return Recipe{.enter = column(Indicator::sma, v[0]),
                          .minus = column(Indicator::sma, v[1]),
                          .stay = column(Indicator::momentum, v[2]),
                          .gate = column(Indicator::rsi, v[3]),
                          .votes = static_cast<int>(v[4])};
          }};
}

}  // namespace

const std::vector<Family>& catalogue() {
  static const std::vector<Family> families{sma_cross(),         ema_cross(),           macd(),
                                            rsi_reversion(),     bollinger_reversion(), zscore_reversion(),
                                            donchian_breakout(), keltner_breakout(),    momentum_volume(),
                                            calm_sma_cross(),    regime_sma_cross(),    combined_vote()};
  return families;
}

const Family& family_named(const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const Family& family : catalogue()) {
    if (family.name == name) return family;
    names.push_back(family.name);
    list += (list.empty() ? "" : ", ") + family.name;
  }
  throw InputError("no strategy \"" + name + "\"" + suggestion(name, names) + "; there are " + list);
}

const std::vector<Parameter>& level_parameters() {
  static const std::vector<Parameter> levels{
      level("stop", "stop, fraction of the entry's price; 0: none", 0, "0", 0, 0.999),
      level("target", "target, fraction of the entry's price; 0: none", 0, "0", 0, 1000)};
  return levels;
}

std::vector<Parameter> all_parameters(const Family& family) {
  std::vector<Parameter> all = family.parameters;
  std::ranges::copy(level_parameters(), std::back_inserter(all));
  return all;
}

std::int64_t warm_up_bars(const Recipe& recipe) {
  const auto of = [](const std::optional<ColumnKey>& key) { return key ? warm_up_bars(*key) : 0; };
  const std::int64_t enter = std::max(warm_up_bars(recipe.enter), of(recipe.minus));
  if (recipe.votes == 0) return std::max({enter, of(recipe.stay), of(recipe.gate), of(recipe.side)});
  std::array votes{enter, of(recipe.stay), of(recipe.gate)};
  std::ranges::sort(votes);
  return votes[static_cast<std::size_t>(recipe.votes - 1)];
}

bool needs_volume(const Family& family) {
  std::vector<double> values;
  for (const auto& parameter : family.parameters) values.push_back(parameter.fallback);
  const Recipe recipe = family.recipe(values);
  return recipe.gate && needs_volume(recipe.gate->indicator);
}

}  // namespace regent::strategies
