#include "market/io/clean_rows.hpp"

#include <charconv>
#include <cmath>

#include "base/nan_value.hpp"

namespace regent::market {

namespace {

std::string shortest(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : std::string("?");
}

class Cleaner {
 public:
  Cleaner(RawRows& raw, const ValidationPolicy& policy, Findings& findings)
      : raw_(raw),
        policy_(policy),
        findings_(findings),
        keep_(raw.rows(), 1),
        last_time_(std::max<std::size_t>(raw.symbols.size(), 1), no_timestamp) {
    for (std::size_t v = 0; v < raw.layout.values.size(); ++v) {
      if (raw.layout.form == Layout::Form::wide) continue;
      const auto role = raw.layout.values[v].role;
      if (role == Column::high) high_ = &raw_.values[v];
      if (role == Column::low) low_ = &raw_.values[v];
    }
  }

  std::vector<std::uint8_t> run() {
    for (std::size_t row = 0; row < raw_.rows(); ++row) {
      if (!check_time(row)) continue;
      for (std::size_t v = 0; v < raw_.values.size(); ++v) check_value(row, v);
      if (high_ != nullptr && low_ != nullptr) check_range(row);
      if (policy_.adjusted && keep_[row] != 0) adjust(row);
      if (keep_[row] != 0) check_order(row);
    }
    return std::move(keep_);
  }

 private:
  // A finding at one cell; the row is dropped when it is to be rejected or dropped.
  Repair found(const Findings::Kind& kind, std::size_t row, const std::string& column,
               const std::string& value, const std::string& wrong) {
    const auto describe = [&](ImportReport::Finding& finding) {
      finding.file = raw_.file;
      finding.row = raw_.row_number(row);
      finding.column = column;
      finding.value = value;
    };
    const auto explain = [&] { return raw_.row_name(row) + ", column " + column + ": " + wrong; };
    const Repair repair = findings_.add(kind, describe, explain);
    if (repair != Repair::missing) keep_[row] = 0;
    return repair;
  }

  Findings::Kind not_a_number() const { return {"not a number", policy_.not_a_number, "data.on_nan"}; }
  Findings::Kind not_positive(bool is_volume) const {
    return {is_volume ? "negative volume" : "non-positive price", policy_.non_positive_price,
            "data.on_non_positive"};
  }

  std::string text_of(std::size_t row, std::size_t column) const { return raw_.text_of(row, column, ""); }

  bool check_time(std::size_t row) {
    if (raw_.timestamps_ms[row] != no_timestamp) return true;
    // a bar without a time has no place: it cannot be kept as missing
    const Repair repair = policy_.not_a_number == Repair::drop ? Repair::drop : Repair::reject;
    const auto text = text_of(row, raw_.layout.timestamp_column);
    found({"unreadable time", repair, "data.on_nan"}, row, "of the time", text,
          "\"" + text +
              "\" is no time between 1900 and 2200; expected unix seconds or milliseconds, 2020-03-16 or "
              "2020-03-16T14:30:00Z");
    return false;
  }

  bool is_price(std::size_t v) const { return raw_.layout.values[v].role != Column::volume; }

  // By what the row's prices are to be multiplied; NaN without a close and an adj_close above zero.
  double factor_of(std::size_t row) const {
    double close = nan_value;
    for (std::size_t v = 0; v < raw_.values.size(); ++v) {
      if (raw_.layout.values[v].role == Column::close) close = raw_.values[v][row];
    }
    const double adjusted = raw_.adjusted_close[row];
    return adjusted > 0 && close > 0 ? adjusted / close : nan_value;
  }

  bool has_price(std::size_t row) const {
    for (std::size_t v = 0; v < raw_.values.size(); ++v) {
      if (is_price(v) && raw_.values[v][row] == raw_.values[v][row]) return true;
    }
    return false;
  }

  // The file's own values were checked before: each is a price, or NaN and reported.
  void adjust(std::size_t row) {
    if (!has_price(row)) return;
    const double factor = factor_of(row);
    if (factor != factor) report_no_factor(row);
    for (std::size_t v = 0; v < raw_.values.size(); ++v) {
      if (is_price(v)) adjust_price(row, v, factor);
    }
  }

  void report_no_factor(std::size_t row) {
    const double adjusted = raw_.adjusted_close[row];
    if (adjusted <= 0) {
      const auto text = shortest(adjusted);
      found(not_positive(false), row, "adj_close", text, text + " is no price; a price is above zero");
    } else if (adjusted > 0) {
      found(not_a_number(), row, "adj_close", shortest(adjusted), "the bar has no close to divide it by");
    } else {
      const auto text = text_of(row, *raw_.layout.adjusted_close_column);
      found(not_a_number(), row, "adj_close", text, "\"" + text + "\" gives no factor to adjust the bar by");
    }
  }

  void adjust_price(std::size_t row, std::size_t v, double factor) {
    double& price = raw_.values[v][row];
    const double before = price;
    price *= factor;
    if (price != price || (price > 0 && std::isfinite(price))) return;  // NaN: reported before
    const auto text = shortest(before);
    found(not_a_number(), row, raw_.layout.values[v].name, text,
          text + " times adj_close / close, " + shortest(factor) + ", leaves the range of numbers");
    price = nan_value;
  }

  void check_value(std::size_t row, std::size_t v) {
    const auto& column = raw_.layout.values[v];
    double& value = raw_.values[v][row];
    const bool is_volume = column.role == Column::volume;
    if (value != value) {
      const auto text = text_of(row, column.column);
      found(not_a_number(), row, column.name, text, "\"" + text + "\" is no number");
    } else if (is_volume ? value < 0 : value <= 0) {
      const auto text = shortest(value);
      const Repair repair = found(not_positive(is_volume), row, column.name, text,
                                  text + (is_volume ? " is negative; a volume is zero or more"
                                                    : " is no price; a price is above zero"));
      if (repair == Repair::missing) value = nan_value;
    }
  }

  void check_range(std::size_t row) {
    double& high = (*high_)[row];
    double& low = (*low_)[row];
    if (!(high < low)) return;
    const auto text = shortest(high);
    const Repair repair = found({"high below low", policy_.high_below_low, "data.on_high_below_low"}, row,
                                "high", text, text + " is below the low, " + shortest(low));
    if (repair == Repair::missing) high = low = nan_value;
  }

  void check_order(std::size_t row) {
    TimestampMs& last = last_time_[raw_.symbol_of_row.empty() ? 0 : raw_.symbol_of_row[row]];
    const TimestampMs time = raw_.timestamps_ms[row];
    if (last != no_timestamp && time < last) {
      const auto text = format_timestamp(time);
      const Repair repair = policy_.unsorted == Repair::reject ? Repair::reject : Repair::drop;
      const auto describe = [&](ImportReport::Finding& finding) {
        finding.file = raw_.file;
        finding.row = raw_.row_number(row);
        finding.column = "time";
        finding.value = text;
      };
      findings_.add({"unsorted", repair, "data.on_unsorted", "sorted"}, describe, [&] {
        return raw_.row_name(row) + ": time " + text + " is before the row above it, " +
               format_timestamp(last);
      });
    }
    last = std::max(last, time);
  }

  RawRows& raw_;
  const ValidationPolicy& policy_;
  Findings& findings_;
  std::vector<std::uint8_t> keep_;
  std::vector<TimestampMs> last_time_;  // of each symbol
  std::vector<double>* high_ = nullptr;
  std::vector<double>* low_ = nullptr;
};

}  // namespace

std::vector<std::uint8_t> clean_rows(RawRows& raw, const ValidationPolicy& policy, Findings& findings) {
  return Cleaner(raw, policy, findings).run();
}

}  // namespace regent::market
