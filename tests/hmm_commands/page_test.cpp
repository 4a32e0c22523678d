// What docs/commands/hmm.md shows is what the command says.

#include <cstdio>
#include <regex>
#include <sstream>

#include "hmm/model_json.hpp"
#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

std::string page() {
  std::ifstream in(REGENT_SOURCE_FOLDER "/docs/commands/hmm.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

// The fenced blocks of the page that begin with `opening`, without the fences.
std::vector<std::string> blocks(const std::string& opening) {
  std::vector<std::string> found;
  const std::string text = page();
  for (std::size_t at = 0; (at = text.find("```", at)) != std::string::npos;) {
    const std::size_t first = text.find('\n', at) + 1, end = text.find("```", first);
    const std::string fence = text.substr(at, first - at - 1), body = text.substr(first, end - first);
    if ((fence + "\n" + body).starts_with(opening)) found.push_back(body);
    at = end + 3;
  }
  return found;
}

// Every number with a fraction to twelve digits: the last ones depend on the instruction set.
std::string rounded(const std::string& text) {
  static const std::regex fraction("-?[0-9]+\\.[0-9]+(e-?[0-9]+)?");
  std::string result;
  auto rest = text.cbegin();
  for (std::sregex_iterator it(text.begin(), text.end(), fraction), end; it != end; ++it) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.12g", std::stod(it->str()));
    result.append(rest, (*it)[0].first).append(digits);
    rest = (*it)[0].second;
  }
  return result.append(rest, text.cend());
}

TEST_F(HmmCommand, SaysWhatThePageShows) {
  std::filesystem::create_directory_symlink(REGENT_SOURCE_FOLDER "/examples", folder_ / "examples");
  const std::string prompt = "$ regent hmm ";
  int compared = 0;
  for (const std::string& block : blocks("```\n" + prompt)) {
    const std::string command = block.substr(prompt.size(), block.find('\n') - prompt.size());
    const std::string shown = block.substr(block.find('\n') + 1);
    if (shown.empty() || command.find("examples/") == std::string::npos)
      continue;  // needs data of the reader's
    const auto outcome = run(command);
    EXPECT_EQ(outcome.code, 0) << command << ": " << outcome.err;
    EXPECT_EQ(rounded(outcome.out), rounded(shown)) << command;
    ++compared;
  }
  EXPECT_GE(compared, 2);
}

TEST_F(HmmCommand, ReadsThePagesModelAndKnowsItsVerbs) {
  const auto models = blocks("```json\n");
  ASSERT_EQ(models.size(), 1U);
  const Model model = model_from_json(models[0], "docs/commands/hmm.md");
  EXPECT_EQ(model_to_json(model_from_json(model_to_json(model), "again")), model_to_json(model));
  const std::string help = run("--help").out;
  std::istringstream usage(blocks("```\nregent hmm fit")[0]);
  int verbs = 0;
  for (std::string line; std::getline(usage, line); ++verbs) {
    std::istringstream words(line);
    std::string regent, hmm, verb;
    words >> regent >> hmm >> verb;
    EXPECT_NE(help.find("\n  " + verb + " "), std::string::npos) << verb;
    EXPECT_EQ(run(verb + " --help").code, 0) << verb;
  }
  EXPECT_GE(verbs, 8);
}

}  // namespace
}  // namespace regent::hmm::test
