#include "covariance/commands/covariance_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "covariance/commands/estimate.hpp"
#include "covariance/commands/input.hpp"
#include "covariance/commands/matrix_file.hpp"
#include "covariance/commands/portfolio.hpp"
#include "covariance/commands/report.hpp"
#include "covariance/commands/spectra_file.hpp"
#include "market/io/output.hpp"

namespace regent::covariance {
namespace {

struct CovarianceFlags {
  SourceFlags source;
  MethodFlags method;
  SpectraFlags spectra;
  std::string out, plots, weights;
  std::optional<int> every;  // with --out and --spectra of rolling and ewma: every how many rows
};

void check_can_be_drawn(const Table& table, const Estimate& estimate) {
  if (!estimate.correlation_spectrum) {
    throw InputError(table.file + ": there is nothing to draw: " +
                     (estimate.undefined > 0 ? pairs_have(estimate.undefined) + " no covariance"
                                             : std::string("a column has no variance")));
  }
}

void draw_all(const Table& table, const Estimate& estimate, const std::optional<Spectra>& spectra,
              const std::string& plots, bool quiet) {
  market::make_folder(plots, "--plots");
  auto report = report_json(table, estimate);
  if (spectra) {
    const std::string series = "spectra.parquet";
    write_spectra(table, *spectra, (std::filesystem::path(plots) / series).string());
    report["spectra_file"] = series;
  }
  write_file_atomically(std::filesystem::path(plots) / "covariance.json", report.dump() + "\n");
  draw("covariance.py", plots, quiet);
}

void write_out(const Table& table, const Estimate& estimate, const CovarianceFlags& flags) {
  if (is_of_every_row(flags.method)) {
    write_all(table, flags.method, flags.every.value_or(1), flags.out);
  } else {
    write_matrix(table, estimate.covariance, flags.out);
  }
}

void add_flags(CLI::App& app, CovarianceFlags& flags) {
  add_source_flags(app, flags.source);
  auto& method = flags.method;
  app.add_option(
         "--method", method.method,
         "sample, ewma, rolling, ledoit-wolf (constant correlation), ledoit-wolf-identity, oas or denoised")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--ddof", method.ddof, "0: divide by the rows, 1: by one less (default: 1; of shrinkage 0)")
      ->type_name("0|1");
  app.add_option("--window", method.window, "Rows of a rolling window")->type_name("ROWS");
  app.add_option("--half-life", method.half_life, "ewma: rows after which a weight has halved")
      ->type_name("ROWS");
  app.add_option("--half-life-correlation", method.half_life_correlation,
                 "ewma: the same for correlations (default: --half-life)")
      ->type_name("ROWS");
  app.add_option("--detone", method.detone,
                 "Remove so many of the largest modes of the correlation (the market)")
      ->type_name("MODES");
  app.add_flag("--nearest-psd", method.nearest_psd,
               "The nearest matrix without negative eigenvalues, variances kept");
  app.add_option("--device", method.device, "auto, cpu or cuda")->type_name("NAME")->capture_default_str();
  app.add_option("--out", flags.out, "The matrix; of rolling and ewma one for every row, as a long table")
      ->type_name(written_table);
  app.add_option("--every", flags.every,
                 "With --out and --spectra of rolling and ewma: every how many rows, back from the last "
                 "(default: 1)")
      ->type_name("ROWS");
  app.add_option("--spectra", flags.spectra.file,
                 "Of rolling and ewma: the spectrum of every row, its absorption ratio and effective rank")
      ->type_name(written_table);
  app.add_option("--modes", flags.spectra.modes,
                 "With --spectra: how many eigenvalues of a row, from the largest (default: 10)")
      ->type_name("MODES");
  app.add_option("--weights", flags.weights,
                 "A portfolio, columns symbol and weight: say what it risks, and whence")
      ->type_name("FILE");
  app.add_option("--plots", flags.plots,
                 "Folder for cov_matrix.png and eigen_spectrum.png, with --spectra also absorption.png")
      ->type_name("FOLDER");
}

void check_every(const CovarianceFlags& flags) {
  const bool writes_rows =
      is_of_every_row(flags.method) && !(flags.out.empty() && flags.spectra.file.empty());
  refuse_unless(flags.every.has_value(), writes_rows, "--every",
                "--out FILE and --spectra FILE of --method rolling or ewma");
  if (flags.every.value_or(1) < 1)
    throw InputError("--every " + std::to_string(*flags.every) + ": it must be 1 or more");
}

int run(const CovarianceFlags& flags) {
  market::check_table_name(flags.out);
  market::check_folder(flags.plots, "--plots");
  if (!flags.plots.empty())
    refuse_same_file("--out", flags.out, "--plots", std::filesystem::path(flags.plots) / "spectra.parquet");
  check_method(flags.method);  // before anything is read
  check_spectra(flags.spectra, flags.method);
  check_every(flags);
  const Table table = read_table(flags.source);
  const Estimate estimate = estimate_of(table, flags.method);
  if (!flags.plots.empty()) check_can_be_drawn(table, estimate);  // before anything is written
  std::optional<Portfolio> portfolio;
  if (!flags.weights.empty()) portfolio = read_portfolio(flags.weights, table, estimate);
  std::optional<Spectra> spectra;
  if (!flags.spectra.file.empty()) {
    spectra = spectra_of(table, flags.method, flags.spectra, flags.every.value_or(1));
    write_spectra(table, *spectra, flags.spectra.file);
  }
  if (!flags.out.empty()) write_out(table, estimate, flags);
  if (!flags.plots.empty()) draw_all(table, estimate, spectra, flags.plots, flags.source.bars.json);
  if (flags.source.bars.json) {
    auto json = report_json(table, estimate);
    if (portfolio) json["portfolio"] = portfolio_json(table, *portfolio);
    if (spectra) json["spectra"] = spectra_json(table, *spectra);
    std::cout << json.dump() << '\n';
  } else {
    std::cout << report_text(table, estimate) << (portfolio ? portfolio_text(table, *portfolio) : "")
              << (spectra ? spectra_text(table, *spectra) : "");
  }
  return 0;
}

}  // namespace

int covariance_command(int argc, char** argv) {
  CLI::App app("Estimate and clean covariance matrices, and look at their spectra", "regent-covariance");
  CovarianceFlags flags;
  add_flags(app, flags);
  return run_command(app, argc, argv, [&] { return run(flags); });
}

}  // namespace regent::covariance
