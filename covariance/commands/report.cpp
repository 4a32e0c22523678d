#include "covariance/commands/report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/table.hpp"
#include "covariance/sample.hpp"
#include "market/io/output.hpp"

namespace regent::covariance {
namespace {

using market::digits;
using market::json_number;
using nlohmann::ordered_json;

constexpr std::size_t assets_shown = 12, pairs_shown = 5, spectrum_modes_shown = 8;

ordered_json rows_json(const Matrix& matrix) {
  auto rows = ordered_json::array();
  for (std::size_t i = 0; i < matrix.size; ++i) {
    auto row = ordered_json::array();
    for (std::size_t j = 0; j < matrix.size; ++j) row.push_back(json_number(matrix(i, j)));
    rows.push_back(std::move(row));
  }
  return rows;
}

ordered_json values_json(const std::optional<Spectrum>& spectrum) {
  if (!spectrum) return nullptr;
  auto values = ordered_json::array();
  for (const double value : spectrum->values) values.push_back(json_number(value));
  return values;
}

const char* name_of(Returns returns) {
  return returns == Returns::log ? "log" : returns == Returns::simple ? "simple" : "none";
}

std::int64_t fewest_observations(const Estimate& estimate) {
  return *std::ranges::min_element(estimate.observations);
}

std::string summary_text(const Table& table, const Estimate& estimate) {
  std::string text =
      "  " + coloured(estimate.method, Colour::bold) + " covariance of " +
      std::to_string(table.names.size()) + (table.names.size() == 1 ? " asset, " : " assets, ") +
      grouped(table.rows) + " rows, " + table.row_name(0) + " to " + table.row_name(table.rows - 1) + "; " +
      (table.returns == Returns::none ? "" : std::string(name_of(table.returns)) + " returns, ") + "ddof " +
      std::to_string(estimate.ddof) + '\n';
  if (!estimate.complete) {
    text += "  values are missing: pairs have between " + std::to_string(fewest_observations(estimate)) +
            " and " + std::to_string(*std::ranges::max_element(estimate.observations)) + " observations\n";
  }
  if (estimate.undefined > 0) {
    text += coloured("  " + pairs_have(estimate.undefined) + " too few observations in common (–)\n",
                     Colour::yellow);
  }
  if (estimate.shrinkage) text += "  shrinkage " + digits(*estimate.shrinkage, 6) + '\n';
  if (estimate.repaired) text += "  made positive semi-definite\n";
  if (estimate.noise) {
    text += "  Marchenko–Pastur: q " + digits(estimate.noise->q, 4) + ", noise variance " +
            digits(estimate.noise->variance, 4) + ", edge " + digits(estimate.noise->upper(), 5) + "; " +
            std::to_string(estimate.signals) + " of " + std::to_string(table.names.size()) +
            " eigenvalues of the correlation above it\n";
  }
  if (estimate.spectrum &&
      estimate.spectrum->values.back() < -1e-12 * std::abs(estimate.spectrum->values.front())) {
    text += coloured("  not positive semi-definite: smallest eigenvalue " +
                         digits(estimate.spectrum->values.back(), 4) + "; --nearest-psd repairs it\n",
                     Colour::yellow);
  }
  return text;
}

std::string spectrum_text(const Estimate& estimate) {
  if (!estimate.correlation_spectrum) return "";
  const auto& covariance = estimate.spectrum->values;
  const auto& correlation = estimate.correlation_spectrum->values;
  const double total = std::accumulate(covariance.begin(), covariance.end(), 0.0);
  regent::Table shown;
  shown.header = {"mode", "eigenvalue", "share", "of correlation"};
  shown.right = {true, true, true, true};
  for (std::size_t k = 0; k < covariance.size(); ++k) {
    if (k >= spectrum_modes_shown && k + 1 < covariance.size()) continue;
    shown.rows.push_back({{std::to_string(k + 1)},
                          {digits(covariance[k], 5)},
                          {percent(covariance[k] / total)},
                          {digits(correlation[k], 5)}});
  }
  return '\n' + shown.text();
}

std::string matrix_text(const Table& table, const Estimate& estimate) {
  const Matrix correlation = correlation_of(estimate.covariance);
  const bool in_years = table.returns != Returns::none && !std::isnan(table.periods_per_year);
  regent::Table shown;
  shown.header = {"", in_years ? "volatility p.a." : "deviation"};
  shown.right = {false, true};
  for (const auto& name : table.names) {
    shown.header.push_back(name);
    shown.right.push_back(true);
  }
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    const double deviation = std::sqrt(estimate.covariance(i, i));
    std::vector<regent::Table::Cell> cells{
        {table.names[i], Colour::bold},
        {in_years ? percent(deviation * std::sqrt(table.periods_per_year)) : digits(deviation, 4)}};
    for (std::size_t j = 0; j < table.names.size(); ++j) {
      cells.push_back({i == j ? digits(estimate.covariance(i, i), 4) : digits(correlation(i, j), 3)});
    }
    shown.rows.push_back(std::move(cells));
  }
  return "\n  variances on the diagonal, correlations beside it\n" + shown.text();
}

struct PairOf {
  double correlation;
  std::size_t i, j;
};

std::string pairs_text(const Table& table, const Estimate& estimate) {
  const Matrix correlation = correlation_of(estimate.covariance);
  std::vector<PairOf> pairs;
  for (std::size_t i = 0; i < correlation.size; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!std::isnan(correlation(i, j))) pairs.push_back({correlation(i, j), i, j});
    }
  }
  std::ranges::sort(pairs, std::ranges::greater{}, &PairOf::correlation);
  regent::Table shown;
  shown.header = {"pair", "", "correlation", "covariance"};
  shown.right = {false, false, true, true};
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    if (k >= pairs_shown && k + pairs_shown < pairs.size()) continue;
    const auto& [value, i, j] = pairs[k];
    shown.rows.push_back(
        {{table.names[j]}, {table.names[i]}, {digits(value, 3)}, {digits(estimate.covariance(i, j), 4)}});
  }
  return "\n  most and least correlated\n" + shown.text();
}

}  // namespace

ordered_json report_json(const Table& table, const Estimate& estimate) {
  ordered_json json{{"method", estimate.method},
                    {"returns", name_of(table.returns)},
                    {"ddof", estimate.ddof},
                    {"rows", table.rows},
                    {"from", table.row_name(0)},
                    {"to", table.row_name(table.rows - 1)},
                    {"periods_per_year", json_number(table.periods_per_year)},
                    {"symbols", table.names},
                    {"covariance", rows_json(estimate.covariance)},
                    {"correlation", rows_json(correlation_of(estimate.covariance))},
                    {"observations_min", fewest_observations(estimate)},
                    {"undefined_pairs", estimate.undefined},
                    {"shrinkage", estimate.shrinkage ? json_number(*estimate.shrinkage) : ordered_json()},
                    {"spectrum", values_json(estimate.spectrum)},
                    {"correlation_spectrum", values_json(estimate.correlation_spectrum)},
                    {"marchenko_pastur", nullptr}};
  if (estimate.noise) {
    json["marchenko_pastur"] = {{"q", estimate.noise->q},
                                {"variance", estimate.noise->variance},
                                {"lower", estimate.noise->lower()},
                                {"upper", estimate.noise->upper()},
                                {"signals", estimate.signals}};
  }
  json["repaired"] = estimate.repaired;
  return json;
}

std::string report_text(const Table& table, const Estimate& estimate) {
  return summary_text(table, estimate) + spectrum_text(estimate) +
         (table.names.size() <= assets_shown ? matrix_text(table, estimate) : pairs_text(table, estimate));
}

}  // namespace regent::covariance
