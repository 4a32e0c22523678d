// docs/concepts/features.md says of every feature what the code says.

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "market/feature_stream.hpp"

namespace regent::market::test {
namespace {

std::string page_line(const FeatureSpec& spec) {
  std::string columns;
  for (const Column column : spec.needs) {
    columns += (columns.empty() ? "" : ", ") + std::string(column_names[static_cast<std::size_t>(column)]);
  }
  return "| `" + spec.name + "` | " + spec.formula + " | " + std::to_string(spec.window_bars) + " | " +
         columns + " | " + spec.source + " |";
}

TEST(FeaturePage, HasOneLinePerFeatureOfTheCatalogue) {
  std::ifstream page(REGENT_SOURCE_DIR "/docs/concepts/features.md");
  ASSERT_TRUE(page.is_open());
  std::set<std::string> lines;
  for (std::string line; std::getline(page, line) && !line.starts_with("## ");) {
    if (line.starts_with("| `")) lines.insert(line);
  }
  for (const auto& spec : feature_catalogue()) {
    EXPECT_TRUE(lines.erase(page_line(spec)) == 1) << "the page lacks this line:\n" << page_line(spec);
  }
  EXPECT_TRUE(lines.empty()) << "the page has a line of no feature:\n" << *lines.begin();
}

}  // namespace
}  // namespace regent::market::test
