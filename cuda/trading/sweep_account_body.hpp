#pragma once
// What one lane does in a bar in which it trades; fp64, the same on both devices.
//
// A bar's order of events, with o, h, l, c its prices:
//   1. the wish of the bar before is filled at o: first the old position is closed, then the new one opened
//   2. a position that is open then is closed by its stop (before the target, where both lie in the bar) at
//      min(stop, o) for a long, max(stop, o) for a short: a gap fills at the open. Else by its target at
//      max(target, o) and min(target, o). Both levels are fractions of the entry's fill price
//   3. at the last bar what is still open is closed at c, if the rules say so
// Market and stop fills pay the bar's slippage s: price·(1 + s) when buying, price·(1 − s) when selling; a
// target is a limit order and pays none. Every fill pays fee·|units|·price. After a stop or target the lane
// stays flat until its wish changes. A short whose equity is used up is closed (ruin); its loss ends at the
// equity. An entry spends size·cash, fee included: units = size·cash / (price·(1 + fee)). Domain: prices
// positive and finite, rates in [0, 0.1]. Divisions: by prices, by 1 + fee, and by equity where it is
// positive.

#include <cmath>
#include <cstdint>

#include "cuda/hmm/real.hpp"
#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {

struct BarPrices {
  double previous_close, open, high, low, close;
  double slippage_rate;  // of its fills
};

struct Account {
  double cash, units;
  double entry_price, entry_equity, entry_fee, entry_slippage;
  double lower, upper;                   // levels of the open position: at or beyond them it is closed
  double stop, target;                   // of the lane
  double sum, square_sum, downside_sum;  // of returns of bars with a trade, since the last flush
  double profit, loss, turnover, fees, slippage;
  std::int32_t trades, wins, entry_bar, ruined;
};

inline constexpr double never_below = -1, never_above = 1e300;  // levels that no price reaches

REGENT_BODY Account opened_account(double cash, double stop, double target) {
  Account a{};
  a.cash = cash;
  a.lower = never_below;
  a.upper = never_above;
  a.stop = stop;
  a.target = target;
  return a;
}

// Nobody listens.
struct NoRecorder {
  REGENT_BODY void trade(const Trade&) const {}
  REGENT_BODY void too_small() const {}
  REGENT_BODY void traded(std::int32_t, const Account&) const {}  // the account after a bar of trade_bar()
};

template <class Recorder>
REGENT_BODY void close_position(Account& a, double reference, double slippage_rate, std::int32_t bar,
                                const TradingRules& rules, ExitReason reason, const Recorder& recorder) {
  const bool is_long = a.units > 0;
  const double price = is_long ? reference * (1 - slippage_rate) : reference * (1 + slippage_rate);
  const double size = is_long ? a.units : -a.units;
  const double fee = rules.fee_rate * size * price;
  const double slipped = slippage_rate * reference * size;
  const double equity = a.cash + a.units * reference;
  if (equity > 0) a.turnover += size * price / equity;
  a.cash += a.units * price - fee;
  if (!(a.cash > 0)) {
    a.cash = 0;
    a.ruined = 1;
  }
  const double profit = a.cash - a.entry_equity;
  a.fees += fee;
  a.slippage += slipped;
  a.trades += 1;
  if (profit > 0) {
    a.wins += 1;
    a.profit += profit;
  } else {
    a.loss -= profit;
  }
  recorder.trade({a.entry_bar, bar, is_long ? 1 : -1, size, a.entry_price, price, a.entry_fee, fee,
                  a.entry_slippage + slipped, profit, profit / a.entry_equity,
                  a.ruined != 0 ? ExitReason::ruin : reason});
  a.units = 0;
  a.lower = never_below;
  a.upper = never_above;
}

REGENT_BODY void set_levels(Account& a) {
  const double stop = a.stop > 0 ? a.stop : 0, target = a.target > 0 ? a.target : 0;
  if (a.units > 0) {
    a.lower = stop > 0 ? a.entry_price * (1 - stop) : never_below;
    a.upper = target > 0 ? a.entry_price * (1 + target) : never_above;
    return;
  }
  const double ruin = a.cash / -a.units;
  const double level = stop > 0 ? a.entry_price * (1 + stop) : never_above;
  a.lower = target > 0 ? a.entry_price * (1 - target) : never_below;
  a.upper = level < ruin ? level : ruin;
}

template <class Recorder>
REGENT_BODY void open_position(Account& a, int side, double reference, double slippage_rate, std::int32_t bar,
                               const TradingRules& rules, const Recorder& recorder) {
  const double price = reference * (1 + side * slippage_rate);
  double size = rules.size * a.cash / (price * (1 + rules.fee_rate));
  if (rules.whole_units) size = floor(size);
  if (!(size > 0)) {
    recorder.too_small();
    return;
  }
  a.entry_price = price;
  a.entry_equity = a.cash;
  a.entry_bar = bar;
  a.entry_fee = rules.fee_rate * size * price;
  a.entry_slippage = slippage_rate * reference * size;
  a.fees += a.entry_fee;
  a.slippage += a.entry_slippage;
  a.turnover += size * price / a.cash;
  a.units = side * size;
  // the whole budget is spent: what subtracting would leave is rounding
  const bool all_in = side > 0 && rules.size == 1 && !rules.whole_units;
  a.cash = all_in ? 0 : a.cash - a.units * price - a.entry_fee;
  set_levels(a);
}

template <class Recorder>
REGENT_BODY void close_at_levels(Account& a, const BarPrices& p, std::int32_t bar, const TradingRules& rules,
                                 const Recorder& recorder) {
  const bool fell = p.low <= a.lower, rose = p.high >= a.upper;
  if (!fell && !rose) return;
  // an open beyond the target comes before all else of the bar
  const bool opened_at_target = a.units > 0 ? p.open >= a.upper : p.open <= a.lower;
  const bool stopped = (a.units > 0 ? fell : rose) && !opened_at_target;
  const bool below = stopped == (a.units > 0);  // the level that is reached lies below the entry
  const double level = below ? a.lower : a.upper;
  const double reference = below ? (p.open < level ? p.open : level) : (p.open > level ? p.open : level);
  close_position(a, reference, stopped ? p.slippage_rate : 0, bar, rules,
                 stopped ? ExitReason::stop : ExitReason::target, recorder);
}

// Bar `bar` of a lane that has a new wish (`decided`: −1, 0 or 1 in `wish`), whose levels may be reached, or
// whose series ends (`last`). Adds the bar's return to the account's sums and returns it.
template <class Recorder>
REGENT_BODY double trade_bar(Account& a, const BarPrices& p, std::int32_t bar, bool decided, int wish,
                             bool last, const TradingRules& rules, const Recorder& recorder) {
  const double before = a.cash + a.units * p.previous_close;
  if (decided) {
    if (a.units != 0) {
      close_position(a, p.open, p.slippage_rate, bar, rules, ExitReason::signal, recorder);
    }
    if (wish != 0 && a.ruined == 0) open_position(a, wish, p.open, p.slippage_rate, bar, rules, recorder);
  }
  if (a.units != 0) close_at_levels(a, p, bar, rules, recorder);
  if (last && a.units != 0) {
    close_position(a, p.close, p.slippage_rate, bar, rules, ExitReason::last_bar, recorder);
  }
  const double after = a.cash + a.units * p.close;
  const double earned = before > 0 ? after / before - 1 : 0;
  a.sum += earned;
  a.square_sum += earned * earned;
  if (earned < 0) a.downside_sum += earned * earned;
  return earned;
}

}  // namespace regent::cuda::sweep
