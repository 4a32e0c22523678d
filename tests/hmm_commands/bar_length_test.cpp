// A model of bars of one length beside bars of another.

#include <cmath>

#include "hmm/model_file.hpp"
#include "hmm_command.hpp"

namespace regent::hmm::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr long long hour_ms = 3'600'000, day_ms = 24 * hour_ms;

class BarLength : public HmmCommand {
 protected:
  // A feature `r` at these times, quiet and wild by turns.
  void write_times(const std::string& file, const std::vector<long long>& times_ms,
                   const std::string& symbol = "") const {
    std::string csv = symbol.empty() ? "timestamp,r\n" : "timestamp,symbol,r\n";
    for (std::size_t t = 0; t < times_ms.size(); ++t) {
      const double size = t % 20 < 10 ? 0.5 : 4;
      csv += std::to_string(1577836800000LL + times_ms[t]) + "," + (symbol.empty() ? "" : symbol + ",") +
             std::to_string(size * std::sin(static_cast<double>(7 * t * t))) + "\n";
    }
    write(file, csv);
  }
  static std::vector<long long> every(long long step_ms, int bars) {
    std::vector<long long> times;
    for (int t = 0; t < bars; ++t) times.push_back(t * step_ms);
    return times;
  }
  // Monday to Friday
  static std::vector<long long> business_days(int bars) {
    std::vector<long long> times;
    for (int day = 5; std::ssize(times) < bars; ++day) {
      if (day % 7 < 5) times.push_back(day * day_ms);
    }
    return times;
  }
  std::string of_hours() const {
    std::string model = two_states;
    return model.replace(model.find("\"features\""), 0, "\"bar_seconds\": 3600, ");
  }
};

TEST_F(BarLength, IsWrittenByAFitInBothForms) {
  write_times("hours.csv", every(hour_ms, 200));
  for (const std::string file : {"m.json", "m.safetensors"}) {
    ASSERT_EQ(run("fit --data hours.csv --states 2 --restarts 1 --out " + file).code, 0);
    EXPECT_EQ(read_model(path(file)).bar_seconds, 3600) << file;
  }
  ASSERT_EQ(run("convert m.safetensors --out again.json").code, 0);
  EXPECT_EQ(bytes_of("again.json"), bytes_of("m.json"));
  write_times("days.csv", business_days(200));
  ASSERT_EQ(run("fit --data days.csv --pooled --states 2 --restarts 1 --out days.json").code, 0);
  EXPECT_EQ(read_model(path("days.json")).bar_seconds, 86400);
}

TEST_F(BarLength, IsNotWrittenWhereBarsHaveNone) {
  std::string rows = "r\n";
  for (int t = 0; t < 200; ++t)
    rows += std::to_string((t % 20 < 10 ? 0.5 : 4) * std::sin(7.0 * t * t)) + "\n";
  write("rows.csv", rows);
  // steps whose logarithms are spread evenly from a second to a week
  std::vector<long long> times{0};
  for (int t = 1; t < 200; ++t)
    times.push_back(times.back() + static_cast<long long>(1000 * std::exp(13.3 * (t * 61 % 200) / 200)));
  write_times("trades.csv", times);
  for (const std::string data : {"rows", "trades"}) {
    ASSERT_EQ(run("fit --data " + data + ".csv --states 2 --restarts 1 --out " + data + ".json").code, 0);
    EXPECT_EQ(read_model(path(data + ".json")).bar_seconds, std::nullopt) << data;
  }
}

TEST_F(BarLength, RefusesBarsThatAreClearlyLongerOrShorter) {
  write("hours.json", of_hours());
  write_times("days.csv", business_days(60));
  write_times("minutes.csv", every(hour_ms / 4, 60));
  for (const std::string verb : {"filter", "smooth", "decode", "score", "describe", "forecast --horizon 3",
                                 "plot --out pictures", "fit --restarts 0 --start hours.json"}) {
    SCOPED_TRACE(verb);
    const std::string model = verb.starts_with("fit") ? "" : " --model hours.json";
    const auto refused = run(verb + model + " --data days.csv");
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("days.csv: from bar to bar it is usually 86400 seconds"),
                                   HasSubstr("hours.json has bar_seconds 3600"),
                                   HasSubstr("fit a model on such bars, or take bar_seconds out")));
  }
  EXPECT_FALSE(std::filesystem::exists(path("pictures")));
  EXPECT_THAT(run("score --model hours.json --data minutes.csv").err,
              AllOf(HasSubstr("usually 900 seconds"), HasSubstr("make longer ones with --timeframe")));
}

TEST_F(BarLength, RefusesAFitBeforeThatKnewOtherBars) {
  write("hours.json", of_hours());
  write_times("days.csv", business_days(60));
  const auto refused = run("fit --data days.csv --states 2 --previous hours.json");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("hours.json has bar_seconds 3600"));
}

TEST_F(BarLength, AcceptsWhatItCannotCompareAndSmallDifferences) {
  write("hours.json", of_hours());
  write("any.json", two_states);
  write_times("days.csv", business_days(60));
  write_times("few.csv", business_days(8));
  // a market with hours: six bars and a night
  std::vector<long long> session;
  for (int t = 0; t < 60; ++t) session.push_back(t / 6 * day_ms + t % 6 * hour_ms);
  write_times("session.csv", session);
  write("rows.csv", "time,r\n1,0.5\n2,-1\n3,0.25\n4,1\n5,1\n6,1\n7,1\n8,1\n9,1\n10,1\n11,1\n");
  EXPECT_EQ(run("score --model any.json --data days.csv").code, 0);
  for (const std::string data : {"few", "session", "rows"}) {
    const auto scored = run("score --model hours.json --data " + data + ".csv");
    EXPECT_EQ(scored.code, 0) << data << scored.err;
  }
}

TEST_F(BarLength, IsLookedAtPerSymbol) {
  std::filesystem::create_directory(path("models"));
  write("models/A.json", of_hours());
  write("models/B.json", two_states);
  write_times("a.csv", business_days(30), "A");
  write_times("b.csv", business_days(30), "B");
  std::string both = bytes_of("a.csv");
  const std::string other = bytes_of("b.csv");
  both += other.substr(other.find('\n') + 1);
  write("both.csv", both);
  EXPECT_THAT(
      run("score --model models --data both.csv").err,
      AllOf(HasSubstr("both.csv, symbol A: "), HasSubstr("models, model of A, has bar_seconds 3600")));
  EXPECT_EQ(run("score --model models --data b.csv").code, 0);
}

TEST_F(BarLength, OfThePanelIsThatOfItsBars) {
  std::string csv = "timestamp,A,B\n";
  double a = 100, b = 50;
  for (int t = 0; t < 24 * 60; ++t) {
    const double size = t / 240 % 2 == 0 ? 0.001 : 0.02;
    a *= std::exp(size * std::sin(7.0 * t * t));
    b *= std::exp(size * std::sin(11.0 * t * t));
    csv += std::to_string(1577836800000LL + hour_ms * t) + "," + std::to_string(a) + "," + std::to_string(b) +
           "\n";
  }
  write("hours.csv", csv);
  ASSERT_EQ(run("fit hours.csv --panel --states 2 --restarts 1 --out m.json").code, 0);
  EXPECT_EQ(read_model(path("m.json")).bar_seconds, 3600);
  EXPECT_EQ(run("score hours.csv --model m.json").code, 0);
  const auto refused = run("score hours.csv --timeframe 1d --model m.json");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("hours.csv"), HasSubstr("usually 86400 seconds")));
}

}  // namespace
}  // namespace regent::hmm::test
