#pragma once
// One lane of a sweep as a person would write it down: a list of wishes, then a loop over bars that keeps the
// whole history, then statistics of the history. Shares no code with cuda/trading.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {

struct ReferenceTrade {
  int entry_bar, exit_bar, side;
  double units, entry_price, exit_price, profit;
  std::string reason;
};

struct Reference {
  std::vector<int> wishes;  // [bars] after each close
  std::vector<ReferenceTrade> trades;
  std::vector<double> equity;  // [bars]
  std::vector<int> side;       // [bars]
  double fees = 0, slippage = 0, turnover = 0;
  bool ruined = false;
};

inline std::vector<int> reference_wishes(const Task& task, const Lane& lane) {
  const auto value = [&](int column, std::size_t t) {
    return column < 0
               ? 0.0
               : static_cast<double>(
                     task.table.values[Table::at(task.bars.count(), t, static_cast<std::size_t>(column))]);
  };
  std::vector<int> wishes;
  int now = 0;
  for (std::size_t t = 0; t < task.bars.count(); ++t) {
    const double entry = value(lane.enter, t) - value(lane.minus, t);
    const double stay = lane.stay >= 0 ? value(lane.stay, t) : entry;
    const double gate = value(lane.gate, t), side = value(lane.side, t);
    if (lane.votes > 0) {
      int up = 0, down = 0;
      for (const double vote : {entry, stay, gate}) {
        up += vote > 0;
        down += vote < 0;
      }
      now = (up >= lane.votes) == (down >= lane.votes) ? 0 : up >= lane.votes ? 1 : -1;
    } else {
      const bool open = lane.gate < 0 || gate > lane.gate_level;
      const bool up = lane.side < 0 || side > 0, down = lane.side < 0 || side < 0;
      const bool enter_long = entry > lane.enter_level && open && up;
      const bool enter_short = task.rules.shorts && entry < -lane.enter_level && open && down;
      const bool keep_long = now == 1 && stay > lane.stay_level && up;
      const bool keep_short = now == -1 && stay < -lane.stay_level && down;
      if (enter_long) {
        now = 1;
      } else if (enter_short) {
        now = -1;
      } else if (!keep_long && !keep_short) {
        now = 0;
      }
    }
    if (now < 0 && !task.rules.shorts) now = 0;
    if (!task.allowed.empty() && task.allowed[t] == 0) now = 0;
    wishes.push_back(now);
  }
  return wishes;
}

class ReferenceAccount {
 public:
  ReferenceAccount(const Task& task, const Lane& lane, Reference& out)
      : bars_(task.bars),
        slippage_rates_(task.slippage_rates),
        rules_(task.rules),
        lane_(lane),
        out_(out),
        cash_(task.rules.start_cash) {}

  void bar(std::size_t t, bool fresh, int wish) {
    const double open = bars_.open[t], high = bars_.high[t], low = bars_.low[t];
    if (fresh && units_ != 0) leave(t, open, true, "signal");
    if (fresh && wish != 0 && !out_.ruined) enter(t, open, wish);
    if (units_ > 0) {
      const double stop = entry_ * (1 - lane_.stop), target = entry_ * (1 + lane_.target);
      if (lane_.target > 0 && open >= target) {
        leave(t, open, false, "target");
      } else if (lane_.stop > 0 && low <= stop) {
        leave(t, std::min(stop, open), true, "stop");
      } else if (lane_.target > 0 && high >= target) {
        leave(t, std::max(target, open), false, "target");
      }
    } else if (units_ < 0) {
      const double ruin = cash_ / -units_;
      const double stop = lane_.stop > 0 ? std::min(entry_ * (1 + lane_.stop), ruin) : ruin;
      const double target = entry_ * (1 - lane_.target);
      if (lane_.target > 0 && open <= target) {
        leave(t, open, false, "target");
      } else if (high >= stop) {
        leave(t, std::max(stop, open), true, "stop");
      } else if (lane_.target > 0 && low <= target) {
        leave(t, std::min(target, open), false, "target");
      }
    }
    if (t + 1 == bars_.count() && rules_.close_last && units_ != 0)
      leave(t, bars_.close[t], true, "last_bar");
    out_.equity.push_back(cash_ + units_ * bars_.close[t]);
    out_.side.push_back(units_ > 0 ? 1 : units_ < 0 ? -1 : 0);
  }

 private:
  void enter(std::size_t t, double reference, int side) {
    const double price = reference + side * reference * slippage_at(t);
    double units = cash_ * rules_.size / price / (1 + rules_.fee_rate);
    if (rules_.whole_units) units = std::floor(units);
    if (units <= 0) return;
    entry_ = price;
    entry_bar_ = static_cast<int>(t);
    equity_before_ = cash_;
    pay(units, price, reference, cash_);
    cash_ -= side * units * price;
    units_ = side * units;
  }
  void leave(std::size_t t, double reference, bool slips, const char* reason) {
    const int side = units_ > 0 ? 1 : -1;
    const double price = slips ? reference - side * reference * slippage_at(t) : reference;
    const double units = std::abs(units_), equity = cash_ + units_ * reference;
    pay(units, price, reference, equity);
    cash_ += units_ * price;
    units_ = 0;
    if (cash_ <= 0) {
      cash_ = 0;
      out_.ruined = true;
      reason = "ruin";
    }
    out_.trades.push_back(
        {entry_bar_, static_cast<int>(t), side, units, entry_, price, cash_ - equity_before_, reason});
  }
  void pay(double units, double price, double reference, double equity) {
    const double fee = units * price * rules_.fee_rate;
    cash_ -= fee;
    out_.fees += fee;
    out_.slippage += units * std::abs(price - reference);
    if (equity > 0) out_.turnover += units * price / equity;
  }

  double slippage_at(std::size_t t) const {
    return slippage_rates_.empty() ? rules_.slippage_rate : slippage_rates_[t];
  }

  const Bars& bars_;
  std::span<const double> slippage_rates_;
  const TradingRules& rules_;
  const Lane& lane_;
  Reference& out_;
  double cash_, units_ = 0, entry_ = 0, equity_before_ = 0;
  int entry_bar_ = 0;
};

inline Reference reference(const Task& task, const Lane& lane) {
  Reference out;
  out.wishes = reference_wishes(task, lane);
  ReferenceAccount account(task, lane, out);
  for (std::size_t t = 0; t < task.bars.count(); ++t) {
    const int wish = t == 0 ? 0 : out.wishes[t - 1], before = t < 2 ? 0 : out.wishes[t - 2];
    account.bar(t, wish != before, wish);
  }
  return out;
}

}  // namespace regent::cuda::sweep
