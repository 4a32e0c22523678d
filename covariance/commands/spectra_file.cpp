#include "covariance/commands/spectra_file.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/table.hpp"
#include "covariance/commands/matrix_file.hpp"
#include "market/io/output.hpp"

namespace regent::covariance {
namespace {

using market::digits;
using market::json_number;
using market::SeriesColumn;

constexpr std::size_t modes_kept = 10;

// Share of the defined rows whose absorption ratio is no larger than the last one's; nothing where that has
// none.
std::optional<double> rank_of_last(const Spectra& spectra) {
  const auto& ratios = spectra.absorption_ratio;
  const auto defined = std::ranges::count_if(ratios, [](double ratio) { return !std::isnan(ratio); });
  const auto below = std::ranges::count_if(ratios, [&](double ratio) { return ratio <= ratios.back(); });
  if (below == 0) return std::nullopt;
  return static_cast<double>(below) / static_cast<double>(defined);
}

std::size_t undefined_rows(const Spectra& spectra) {
  return static_cast<std::size_t>(
      std::ranges::count_if(spectra.total_variance, [](double variance) { return std::isnan(variance); }));
}

// values: [rows, modes], a column for each mode.
void add_modes(const std::string& name, const std::vector<double>& values, std::size_t modes,
               std::vector<SeriesColumn>& columns) {
  for (std::size_t mode = 0; mode < modes; ++mode) {
    SeriesColumn column{.name = name + std::to_string(mode + 1)};
    for (std::size_t at = mode; at < values.size(); at += modes) column.reals.push_back(values[at]);
    columns.push_back(std::move(column));
  }
}

}  // namespace

void check_spectra(const SpectraFlags& flags, const MethodFlags& method) {
  market::check_table_name(flags.file, "--spectra");
  if (flags.file.empty()) {
    if (flags.modes) throw InputError("--modes is for --spectra FILE");
    return;
  }
  if (!is_of_every_row(method)) {
    throw InputError("--spectra is for --method rolling or ewma, which have a covariance for every row; " +
                     method.method + " has one for all of them");
  }
  if (method.detone > 0 || method.nearest_psd)
    throw InputError(
        "--spectra writes the spectra of the matrices as they are, without --detone and --nearest-psd");
  if (flags.modes && *flags.modes < 1)
    throw InputError("--modes " + std::to_string(*flags.modes) + ": it must be 1 or more");
}

Spectra spectra_of(const Table& table, const MethodFlags& method, const SpectraFlags& flags, int every) {
  const std::size_t columns = table.names.size();
  if (flags.modes && static_cast<std::size_t>(*flags.modes) > columns) {
    throw InputError("--modes " + std::to_string(*flags.modes) + ": " + table.file + " has " +
                     std::to_string(columns) + " assets, and as many modes");
  }
  const SpectraSettings settings{
      flags.modes ? static_cast<std::size_t>(*flags.modes) : std::min(modes_kept, columns),
      static_cast<std::size_t>(every)};
  // a GPU would find every spectrum from the start
  const auto resources = cuda::Resources::make(method.device == "auto" ? "cpu" : method.device);
  if (method.method == "rolling") {
    return rolling_spectra(resources, table.observations(),
                           {static_cast<std::size_t>(*method.window), ddof_of(method)}, settings);
  }
  return ewma_spectra(resources, table.observations(), ewma_settings_of(method), settings);
}

void write_spectra(const Table& table, const Spectra& spectra, const std::string& file) {
  std::vector<SeriesColumn> columns{column_of_rows(table, spectra.rows, 1),
                                    {.name = "total_variance", .reals = spectra.total_variance},
                                    {.name = "absorption_ratio", .reals = spectra.absorption_ratio},
                                    {.name = "effective_rank", .reals = spectra.effective_rank}};
  add_modes("eigenvalue_", spectra.eigenvalues, spectra.modes, columns);
  add_modes("participation_", spectra.participation, spectra.modes, columns);
  market::write_series_file(columns, file);
}

nlohmann::ordered_json spectra_json(const Table& table, const Spectra& spectra) {
  const auto rank = rank_of_last(spectra);
  return {{"rows", spectra.rows.size()},
          {"from", table.row_name(spectra.rows.front())},
          {"to", table.row_name(spectra.rows.back())},
          {"undefined_rows", undefined_rows(spectra)},
          {"continued", spectra.continued},
          {"absorption_ratio", json_number(spectra.absorption_ratio.back())},
          {"absorption_ratio_rank", rank ? json_number(*rank) : nlohmann::ordered_json()},
          {"effective_rank", json_number(spectra.effective_rank.back())}};
}

std::string spectra_text(const Table& table, const Spectra& spectra) {
  std::string text = "\n  spectra of " + grouped(spectra.rows.size()) + " rows, " +
                     table.row_name(spectra.rows.front()) + " to " + table.row_name(spectra.rows.back());
  if (const std::size_t undefined = undefined_rows(spectra); undefined > 0)
    text += ", " + grouped(undefined) + " of them with a pair of too few observations";
  const auto rank = rank_of_last(spectra);
  if (!rank) return text + '\n';
  return text + "\n  the largest fifth of the modes absorbs " + percent(spectra.absorption_ratio.back()) +
         " of the variance, as much as or more than in " + percent(*rank) + " of the rows; effective rank " +
         digits(spectra.effective_rank.back(), 4) + '\n';
}

}  // namespace regent::covariance
