#include "market/io/clean_rows.hpp"

#include <charconv>

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
      adjusted_away_ = false;
      if (policy_.adjusted) adjust(row);
      for (std::size_t v = 0; v < raw_.values.size(); ++v) check_value(row, v);
      if (high_ != nullptr && low_ != nullptr) check_range(row);
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

  void adjust(std::size_t row) {
    for (std::size_t v = 0; v < raw_.values.size(); ++v) {
      if (raw_.layout.values[v].role == Column::close) close_ = raw_.values[v][row];
    }
    const double adjusted = raw_.adjusted_close[row];
    const double factor = adjusted > 0 && close_ > 0 ? adjusted / close_ : nan_value;
    if (factor != factor) {
      const auto text =
          adjusted == adjusted ? shortest(adjusted) : text_of(row, *raw_.layout.adjusted_close_column);
      const Repair repair = found({"not a number", policy_.not_a_number, "data.on_nan"}, row, "adj_close",
                                  text, "\"" + text + "\" gives no factor to adjust the bar by");
      if (repair != Repair::missing) return;
    }
    for (std::size_t v = 0; v < raw_.values.size(); ++v) {
      if (raw_.layout.values[v].role != Column::volume) raw_.values[v][row] *= factor;
    }
    adjusted_away_ = factor != factor;
  }

  void check_value(std::size_t row, std::size_t v) {
    const auto& column = raw_.layout.values[v];
    double& value = raw_.values[v][row];
    const bool is_volume = column.role == Column::volume;
    if (value != value) {
      if (adjusted_away_ && !is_volume) return;  // reported once, at its adj_close
      const auto text = text_of(row, column.column);
      found({"not a number", policy_.not_a_number, "data.on_nan"}, row, column.name, text,
            "\"" + text + "\" is no number");
    } else if (is_volume ? value < 0 : value <= 0) {
      const auto text = shortest(value);
      const Repair repair = found({is_volume ? "negative volume" : "non-positive price",
                                   policy_.non_positive_price, "data.on_non_positive"},
                                  row, column.name, text,
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
  double close_ = nan_value;
  bool adjusted_away_ = false;  // this row's prices became NaN with its adj_close
};

}  // namespace

std::vector<std::uint8_t> clean_rows(RawRows& raw, const ValidationPolicy& policy, Findings& findings) {
  return Cleaner(raw, policy, findings).run();
}

}  // namespace regent::market
