#pragma once
// Named columns as lines of CSV.

#include <string>
#include <vector>

#include "market/io/panel_file.hpp"

namespace regent::market {

std::size_t rows_of(const SeriesColumn& column);

std::string csv_header(const std::vector<SeriesColumn>& columns);
// Columns of one length; each line ends in a line feed.
std::string csv_rows(const std::vector<SeriesColumn>& columns);

}  // namespace regent::market
