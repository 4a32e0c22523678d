#include "market/synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "base/time.hpp"
#include "market/weekday.hpp"

namespace regent::market {

namespace {

constexpr double gap_share = 0.05;    // of a period's variance and drift falls between close and next open
constexpr double market_share = 0.3;  // of a symbol's variance is common to all symbols (with regimes)
constexpr std::uint32_t market_path = 0xFFFFFFFFU;  // Philox path of what all symbols share
constexpr double volume_log_scale = 0.5;

// Drift and volatility in units of the daily volatility, and the chance to go to each regime.
struct RegimeShape {
  double drift, volatility;
  std::array<double, 3> transition;
};
constexpr std::array<RegimeShape, 3> regimes{{{0.03, 0.6, {0.988, 0.009, 0.003}},
                                              {0.15, 1.0, {0.006, 0.986, 0.008}},
                                              {-0.10, 2.5, {0.012, 0.018, 0.970}}}};

// What one number of the market is drawn for.
enum Draw : std::uint32_t { draw_signal, draw_noise, draw_range, draw_start, draw_regime };

struct NormalPair {
  double first, second;
};

// Two independent standard normals (Box & Muller, 1958).
NormalPair normal_pair(const Random& random, std::uint32_t path, std::uint32_t step, Draw draw) {
  const auto bits = random.bits(path, step, draw, Purpose::synthetic_market);
  const double radius = std::sqrt(-2 * std::log(uniform_from_bits(bits.x, bits.y)));
  const double angle = 2 * std::numbers::pi * uniform_from_bits(bits.z, bits.w);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

double uniform(const Random& random, std::uint32_t path, std::uint32_t step, Draw draw) {
  const auto bits = random.bits(path, step, draw, Purpose::synthetic_market);
  return uniform_from_bits(bits.x, bits.y);
}

void check(const SyntheticMarket& settings) {
  const auto require = [](bool right, const std::string& message) {
    if (!right) throw InputError("synthetic market: " + message);
  };
  require(settings.symbols >= 1 && settings.symbols <= 100'000, "symbols must be 1 to 100000");
  require(settings.bars >= 1 && settings.bars <= 10'000'000, "bars must be 1 to 10000000");
  require(settings.signal_persistence >= 0 && settings.signal_persistence < 1,
          "signal_persistence must be in [0, 1)");
  require(settings.daily_volatility > 0 && settings.daily_volatility < 1,
          "daily_volatility must be in (0, 1)");
  require(std::isfinite(settings.signal_strength), "signal_strength must be finite");
}

std::vector<TimestampMs> business_days(TimestampMs start_ms, std::size_t count) {
  std::vector<TimestampMs> days;
  days.reserve(count);
  for (TimestampMs t = start_ms; days.size() < count; t += day_ms) {
    if (!is_weekend(t)) days.push_back(t);
  }
  return days;
}

std::vector<int> regime_path(const SyntheticMarket& settings, const Random& random) {
  std::vector<int> path(settings.bars, 0);
  for (std::size_t bar = 1; settings.regimes && bar < settings.bars; ++bar) {
    const auto& row = regimes[static_cast<std::size_t>(path[bar - 1])].transition;
    const double u = uniform(random, market_path, static_cast<std::uint32_t>(bar), draw_regime);
    path[bar] = u < row[0] ? 0 : u < row[0] + row[1] ? 1 : 2;
  }
  return path;
}

std::string symbol_name(std::size_t index, std::size_t count) {
  const std::size_t width = std::max<std::size_t>(3, std::to_string(count - 1).size());
  const std::string digits = std::to_string(index);
  return "SYN" + std::string(width - digits.size(), '0') + digits;
}

// One symbol's walk through the bars. The period of bar b runs from its open to the next bar's open (with
// closes only: from the last close to this one), and its log return is drift + signal + noise.
class SymbolWalk {
 public:
  SymbolWalk(const SyntheticMarket& settings, const Random& random, std::size_t symbol)
      : settings_(settings),
        random_(random),
        path_(static_cast<std::uint32_t>(symbol)),
        open_(100 * std::exp(0.5 * normal_pair(random, path_, 0, draw_start).first)),
        close_(open_) {}

  struct Bar {
    double open, high, low, close, volume, signal;
  };

  Bar next(std::size_t bar, int regime) {
    const auto step = static_cast<std::uint32_t>(bar);
    const double persistence = settings_.signal_persistence;
    const double innovation = normal_pair(random_, path_, step, draw_signal).first;
    const double fresh = std::sqrt(1 - persistence * persistence);
    const double signal = bar == 0 ? innovation : persistence * signals_[0] + fresh * innovation;

    const auto shape = settings_.regimes ? regimes[static_cast<std::size_t>(regime)] : RegimeShape{0, 1, {}};
    const double volatility = shape.volatility * settings_.daily_volatility;
    // a decision at bar t sees v_t and is held over the period that starts one bar later
    const double carried_signal = settings_.ohlcv ? signals_[0] : signals_[1];
    const double mean = shape.drift * settings_.daily_volatility +
                        settings_.signal_strength * settings_.daily_volatility * carried_signal;
    const auto noise = noise_of(step, volatility, innovation);
    const double intraday = (1 - gap_share) * mean + volatility * std::sqrt(1 - gap_share) * noise.first;
    const double overnight = gap_share * mean + volatility * std::sqrt(gap_share) * noise.second;

    Bar out{};
    if (settings_.ohlcv) {
      out.open = open_;
      out.close = open_ * std::exp(intraday);
      open_ = out.close * std::exp(overnight);
    } else {
      if (bar > 0) close_ *= std::exp(intraday + overnight);
      out.close = close_;
    }
    const auto reach = normal_pair(random_, path_, step, draw_range);
    out.high = std::max(out.open, out.close) * std::exp(0.3 * volatility * std::abs(reach.first));
    out.low = std::min(out.open, out.close) * std::exp(-0.3 * volatility * std::abs(reach.second));
    out.volume = 1e6 * std::exp(volume_log_scale * signal);
    out.signal = signal;
    signals_ = {signal, signals_[0]};
    return out;
  }

 private:
  // Unit-variance noise of the period, split into its part within the bar and its part until the next open.
  // The signal persists, so it would show in the past returns too; the noise leans against the signal's
  // innovation just so much that returns are uncorrelated at every lag: only the volume predicts. With
  // R_{t+1} = s v_t + σ n_{t+1} and v_t = ρ v_{t-1} + √(1-ρ²) e_t:
  //   cov(R_{t+1}, R_t) = s (s ρ + σ √(1-ρ²) corr(e_t, n_t)) = 0.  (With closes only the lag is longer; no
  //   volume there.)
  NormalPair noise_of(std::uint32_t step, double volatility, double innovation) const {
    auto own = normal_pair(random_, path_, step, draw_noise);
    const double strength = settings_.signal_strength * settings_.daily_volatility;
    const double persistence = settings_.signal_persistence;
    const double common = settings_.regimes ? market_share : 0;
    if (settings_.ohlcv && strength != 0 && step > 0) {
      // only the part within the bar and of the symbol's own leans, so its correlation is the larger
      const double wanted = -strength * persistence / std::sqrt(1 - persistence * persistence) / volatility /
                            std::sqrt((1 - gap_share) * (1 - common));
      const double lean = std::clamp(wanted, -0.95, 0.95);
      own.first = lean * innovation + std::sqrt(1 - lean * lean) * own.first;
    }
    if (common > 0) {
      const auto shared = normal_pair(random_, market_path, step, draw_noise);
      own.first = std::sqrt(common) * shared.first + std::sqrt(1 - common) * own.first;
      own.second = std::sqrt(common) * shared.second + std::sqrt(1 - common) * own.second;
    }
    return own;
  }

  const SyntheticMarket& settings_;
  const Random& random_;
  std::uint32_t path_;
  double open_, close_;
  std::array<double, 2> signals_{0, 0};  // v of the last bar and of the one before
};

}  // namespace

SyntheticResult make_synthetic_market(const SyntheticMarket& settings) {
  check(settings);
  const Random random{settings.seed};
  SyntheticResult result;
  result.regime = regime_path(settings, random);
  Panel& panel = result.panel;
  panel.timestamps_ms = business_days(settings.start_ms, settings.bars);
  const std::size_t cells = settings.bars * settings.symbols;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (settings.ohlcv || static_cast<Column>(c) == Column::close) panel.columns[c].resize(cells);
  }
  if (settings.signal_strength != 0) result.signal.resize(cells);
  for (std::size_t s = 0; s < settings.symbols; ++s) {
    panel.symbols.push_back(symbol_name(s, settings.symbols));
  }
  for (std::size_t s = 0; s < settings.symbols; ++s) {
    SymbolWalk walk(settings, random, s);
    for (std::size_t bar = 0; bar < settings.bars; ++bar) {
      const auto values = walk.next(bar, result.regime[bar]);
      panel.at(Column::close, bar, s) = values.close;
      if (settings.ohlcv) {
        panel.at(Column::open, bar, s) = values.open;
        panel.at(Column::high, bar, s) = values.high;
        panel.at(Column::low, bar, s) = values.low;
        panel.at(Column::volume, bar, s) = values.volume;
      }
      if (!result.signal.empty()) result.signal[bar * settings.symbols + s] = values.signal;
    }
  }
  return result;
}

Panel with_shuffled_volume(const Panel& panel, std::uint64_t seed) {
  if (!panel.has(Column::volume)) throw InputError("this panel has no volume column to shuffle");
  Panel shuffled = panel;
  const Random random{seed};
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    for (std::size_t last = panel.bars(); last-- > 1;) {  // Fisher & Yates (1938)
      const auto bits =
          random.bits(static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(last), 0, Purpose::shuffle);
      const double u = uniform_from_bits(bits.x, bits.y);
      const auto other = std::min(static_cast<std::size_t>(u * static_cast<double>(last + 1)), last);
      std::swap(shuffled.at(Column::volume, last, s), shuffled.at(Column::volume, other, s));
    }
  }
  return shuffled;
}

}  // namespace regent::market
