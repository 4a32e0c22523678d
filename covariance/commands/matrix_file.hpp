#pragma once
// Covariance matrices as tables in files.

#include <span>
#include <string>

#include "covariance/commands/estimate.hpp"
#include "market/io/series_file.hpp"

namespace regent::covariance {

// `timestamp`, or `row` from 1 of a table without times: each of the rows `repeats` times.
market::SeriesColumn column_of_rows(const Table& table, std::span<const std::size_t> rows,
                                    std::size_t repeats);

// A row per asset: `symbol`, then a column per asset.
void write_matrix(const Table& table, const Matrix& covariance, const std::string& out);

// Every covariance of a rolling or ewma method, a row per time and pair i ≥ j: `timestamp` (or `row`, from
// 1), `symbol`, `other`, `covariance`; NaN (empty, null) where a pair has too few observations. `every`: only
// each so-many-th row, back from the last. Throws InputError for more than entries_max entries, saying what
// to do.
inline constexpr std::size_t entries_max = 50'000'000;
void write_all(const Table& table, const MethodFlags& flags, int every, const std::string& out);

}  // namespace regent::covariance
