#include "base/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/config/environment.hpp"
#include "base/config/value_text.hpp"
#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

using regent::test::message_of;
using regent::test::TemporaryFolder;
using ::testing::HasSubstr;

// A home without a user file and a working folder without a project file; what is set is undone at the end.
class ConfigSourcesTest : public ::testing::Test {
 protected:
  ConfigSourcesTest() : old_folder_(std::filesystem::current_path()) {
    set_variable("XDG_CONFIG_HOME", (folder_ / "home").string());
    std::filesystem::create_directories(folder_ / "project");
    std::filesystem::current_path(folder_ / "project");
  }
  ~ConfigSourcesTest() override {
    std::filesystem::current_path(old_folder_);
    for (const auto& [name, value] : old_variables_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
  }
  void set_variable(const std::string& name, const std::string& value) {
    const char* old = std::getenv(name.c_str());
    old_variables_.emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  void write_user_file(const std::string& toml) { folder_.write("home/regent/regent.toml", toml); }
  void write_project_file(const std::string& toml) { folder_.write("project/regent.toml", toml); }

  TemporaryFolder folder_;

 private:
  std::filesystem::path old_folder_;
  std::map<std::string, std::optional<std::string>> old_variables_;
};

TEST_F(ConfigSourcesTest, TheStrongerSourceWinsAndIsNamed) {
  EXPECT_EQ(Config::load({}).origin("runtime.seed"), "default");

  write_user_file("[runtime]\nseed = 11\nthreads = 3\n");
  Config config = Config::load({});
  EXPECT_EQ(config.integer("runtime.seed"), 11);
  EXPECT_THAT(config.origin("runtime.seed"), HasSubstr("home/regent/regent.toml:2"));

  write_project_file("[runtime]\n\nseed = 12\n");
  config = Config::load({});
  EXPECT_EQ(config.integer("runtime.seed"), 12);
  EXPECT_EQ(config.origin("runtime.seed"), "regent.toml:3");
  EXPECT_EQ(config.integer("runtime.threads"), 3);

  folder_.write("project/other.toml", "runtime.seed = 13");
  config = Config::load({.file = "other.toml"});
  EXPECT_EQ(config.integer("runtime.seed"), 13);  // instead of ./regent.toml, not beside it
  EXPECT_EQ(config.origin("runtime.seed"), "other.toml:1");

  set_variable("REGENT_RUNTIME_SEED", "14");
  config = Config::load({.file = "other.toml"});
  EXPECT_EQ(config.integer("runtime.seed"), 14);
  EXPECT_EQ(config.origin("runtime.seed"), "environment REGENT_RUNTIME_SEED");

  config = Config::load({.file = "other.toml", .flags = {{"runtime.seed", "15"}}});
  EXPECT_EQ(config.integer("runtime.seed"), 15);
  EXPECT_EQ(config.origin("runtime.seed"), "flag");
  EXPECT_EQ(config.text("runtime.device"), "auto");
}

TEST_F(ConfigSourcesTest, SourcesCanBeLeftOut) {
  write_user_file("runtime.seed = 11");
  set_variable("REGENT_RUNTIME_THREADS", "5");
  const Config config = Config::load({.environment = false, .user_file = false});
  EXPECT_EQ(config.origin("runtime.seed"), "default");
  EXPECT_EQ(config.origin("runtime.threads"), "default");
}

TEST_F(ConfigSourcesTest, EveryKeyHasAVariableThatReachesIt) {
  for (const KeySpec& spec : config_schema()) {
    const Config defaults = Config::from_toml("", "x");
    if (!defaults.is_set(spec.key) || spec.type == ValueType::text_list) continue;
    const std::string name = environment_name(spec.key);
    ::setenv(
        name.c_str(),
        spec.type == ValueType::text ? defaults.text(spec.key).c_str() : defaults.display(spec.key).c_str(),
        1);
    const Config config = Config::load({});
    ::unsetenv(name.c_str());
    EXPECT_EQ(config.origin(spec.key), "environment " + name);
    EXPECT_EQ(config.display(spec.key), defaults.display(spec.key));
  }
}

TEST_F(ConfigSourcesTest, AVariableOfNoKeyIsAnErrorWithTheNearestName) {
  set_variable("REGENT_RUNTIME_SED", "1");
  EXPECT_EQ(message_of<InputError>([] { Config::load({}); }),
            "environment variable REGENT_RUNTIME_SED names no configuration key, did you mean "
            "'REGENT_RUNTIME_SEED'?");
  EXPECT_NO_THROW(Config::load({.environment = false}));
}

TEST_F(ConfigSourcesTest, VariablesOfTestsAndBenchmarksAreLeftAlone) {
  set_variable("REGENT_TEST_SEED", "1");
  set_variable("REGENT_BENCH_ROUNDS", "1");
  set_variable("REGENTS_PARK", "1");
  EXPECT_NO_THROW(Config::load({}));
}

TEST_F(ConfigSourcesTest, AWrongVariableOrFlagIsNamedWithItsValue) {
  set_variable("REGENT_RUNTIME_SEED", "1x");
  EXPECT_EQ(message_of<InputError>([] { Config::load({}); }),
            "environment REGENT_RUNTIME_SEED: runtime.seed = \"1x\": expected an integer of at least 0");
  EXPECT_EQ(message_of<InputError>([] {
              Config::load({.flags = {{"runtime.threads", "4097"}}, .environment = false});
            }),
            "flag: runtime.threads = 4097: expected an integer from 0 to 4096, in threads");
  EXPECT_THAT(message_of<InputError>([] {
                Config::load({.flags = {{"runtime.sede", "1"}}, .environment = false});
              }),
              HasSubstr("unknown key 'runtime.sede', did you mean 'runtime.seed'?"));
}

TEST_F(ConfigSourcesTest, AMissingFileIsNamed) {
  EXPECT_THAT(message_of<InputError>([] { Config::load({.file = "absent.toml"}); }),
              HasSubstr("absent.toml"));
  folder_.write("project/huge.toml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(message_of<InputError>([] { Config::load({.file = "huge.toml"}); }),
              HasSubstr("huge.toml: is larger"));
}

Config with_flag(const std::string& key, const std::string& value) {
  return Config::load({.flags = {{key, value}}, .environment = false, .user_file = false});
}

TEST_F(ConfigSourcesTest, FlagsTakeTextWithoutQuotesAndListsWithCommas) {
  EXPECT_EQ(with_flag("runtime.device", "cuda").text("runtime.device"), "cuda");
  EXPECT_EQ(with_flag("runtime.device", "\"cuda\"").text("runtime.device"), "cuda");
  using List = std::vector<std::string>;
  EXPECT_EQ(with_flag("data.files", "a.csv").text_list("data.files"), List{"a.csv"});
  EXPECT_EQ(with_flag("data.files", "a.csv, b c.csv").text_list("data.files"), (List{"a.csv", "b c.csv"}));
  EXPECT_EQ(with_flag("data.files", "[\"a,b.csv\", \"c\"]").text_list("data.files"), (List{"a,b.csv", "c"}));
  EXPECT_EQ(with_flag("data.files", "").text_list("data.files"), List{});
  EXPECT_EQ(with_flag("data.files", "[]").text_list("data.files"), List{});
  EXPECT_THROW(with_flag("data.files", "[1, 2]"), InputError);
  EXPECT_THROW(with_flag("data.files", "[\"a\"\n]\nruntime.seed = 5"), InputError);
  EXPECT_THROW(with_flag("data.files", "[\"a\""), InputError);
}

TEST_F(ConfigSourcesTest, FlagsTakeNumbersToTheirLastCharacter) {
  EXPECT_EQ(with_flag("runtime.seed", "+7").integer("runtime.seed"), 7);
  for (const char* bad :
       {"", " 7", "7 ", "7.0", "1e3", "0x10", "+-7", "++7", "nan", "9223372036854775808", "-1", "seven"}) {
    EXPECT_THROW(with_flag("runtime.seed", bad), InputError) << bad;
  }
  EXPECT_EQ(with_flag("engine.initial_cash", "2.5e3").real("engine.initial_cash"), 2500.0);
  EXPECT_EQ(with_flag("engine.initial_cash", "7").real("engine.initial_cash"), 7.0);
  for (const char* bad : {"", "nan", "inf", "-inf", "1e999", "1.5.2", "1,5", "-1"}) {
    EXPECT_THROW(with_flag("engine.initial_cash", bad), InputError) << bad;
  }
}

std::string refused(const std::string& toml) {
  return message_of<InputError>([&] { Config::from_toml(toml, "regent.toml"); });
}

TEST(Config, NamesFileLineKeyValueAndWhatIsRight) {
  EXPECT_EQ(refused("[runtime]\n\n\nthreads = -1\n"),
            "regent.toml:4: runtime.threads = -1: expected an integer from 0 to 4096, in threads");
  EXPECT_EQ(refused("[runtime]\ndevice = \"gpu\""),
            R"(regent.toml:2: runtime.device = "gpu": expected one of "auto", "cpu", "cuda")");
}

TEST(Config, SuggestsTheNearestKeyAndSection) {
  EXPECT_EQ(refused("[runtime]\nsedd = 1"),
            "regent.toml:2: unknown key 'runtime.sedd', did you mean 'runtime.seed'?");
  EXPECT_EQ(refused("[runtiem]\nseed = 1"),
            "regent.toml:2: unknown section [runtiem] in 'runtiem.seed', did you mean 'runtime'?");
  EXPECT_EQ(refused("seed = 1"), "regent.toml:1: unknown key 'seed', did you mean 'runtime.seed'?");
  EXPECT_EQ(refused("runtime = 1"), "regent.toml:1: 'runtime' is a section, no key");
  EXPECT_EQ(refused("[zzzzzz]\nqqqqqq = 1"), "regent.toml:2: unknown section [zzzzzz] in 'zzzzzz.qqqqqq'");
}

TEST(Config, AnEmptySectionMustBeAKnownOne) {
  EXPECT_NO_THROW(Config::from_toml("[runtime]\n", "x"));
  EXPECT_THAT(refused("[runtme]\n"), HasSubstr("regent.toml:1: unknown key 'runtme'"));
  EXPECT_THAT(refused("[runtime.seed]\n"), HasSubstr("runtime.seed = (table)"));
}

TEST(Config, TypesAreNotMixed) {
  for (const char* wrong :
       {"runtime.seed = 1.0", "runtime.seed = true", "runtime.seed = \"1\"", "runtime.seed = [1]",
        "runtime.seed = 2020-01-01", "runtime.device = 1", "runtime.device = true",
        "serving.allow_remote = 1", "serving.allow_remote = \"true\"", "engine.initial_cash = \"1\"",
        "engine.initial_cash = true", "data.files = \"a\"", "data.files = [1]", "data.files = [\"a\", 1]",
        "data.files = [[\"a\"]]", "runtime.seed = {a = 1}"}) {
    EXPECT_THROW(Config::from_toml(wrong, "x"), InputError) << wrong;
  }
  EXPECT_EQ(Config::from_toml("engine.initial_cash = 5", "x").real("engine.initial_cash"), 5.0);
  EXPECT_THROW(Config::from_toml("engine.initial_cash = 9007199254740993", "x"), InputError)
      << "no double holds it";
}

TEST(Config, RefusesNumbersThatAreNotFinite) {
  for (const char* bad : {"nan", "+nan", "-nan", "inf", "+inf", "-inf"}) {
    EXPECT_THAT(refused(std::string("engine.initial_cash = ") + bad), HasSubstr("engine.initial_cash = "));
  }
}

TEST(Config, RefusesBrokenTomlWithItsLine) {
  EXPECT_THAT(refused("[runtime]\nseed = \n"), HasSubstr("regent.toml:2: no valid TOML"));
  EXPECT_THAT(refused("[runtime]\nseed = 1\nseed = 2\n"), HasSubstr("regent.toml:3"));
  EXPECT_THAT(refused("runtime.seed = 1\n\"runtime.seed\" = 2\n"),
              HasSubstr("stands already at regent.toml:"));
  EXPECT_THROW(Config::from_toml(std::string("a\0b = 1", 7), "x"), InputError);
  EXPECT_THROW(Config::from_toml("a = " + std::string(100'000, '['), "x"), InputError);
  EXPECT_THROW(Config::from_toml("\xff\xfe = 1", "x"), InputError);
}

TEST(Config, AnUnsetKeySaysHowToSetIt) {
  const Config config = Config::from_toml("", "x");
  EXPECT_FALSE(config.is_set("governor.order_value_max"));
  EXPECT_EQ(config.display("governor.order_value_max"), "(unset)");
  const std::string message = message_of<InputError>([&] { config.real("governor.order_value_max"); });
  EXPECT_THAT(message, HasSubstr("governor.order_value_max is not set and has no default"));
  EXPECT_THAT(message, HasSubstr("order_value_max under [governor]"));
  EXPECT_THAT(message, HasSubstr("REGENT_GOVERNOR_ORDER_VALUE_MAX"));
}

TEST(ConfigDeathTest, ReadingAnUnknownKeyOrAnotherTypeIsOurBug) {
  const Config config = Config::from_toml("", "x");
  EXPECT_DEATH(config.integer("runtime.sede"), "no such key: runtime.sede");
  EXPECT_DEATH(config.real("runtime.seed"), "runtime.seed is a integer, read as a real");
  EXPECT_DEATH(Config().integer("runtime.seed"), "was not loaded");
}

TEST(ConfigText, RealsReadBackToTheSameBits) {
  std::printf("seed 99\n");
  std::mt19937_64 random(99);
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = real_as_toml(value);
    const double back = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::memcmp(&back, &value, sizeof value), 0) << text;
    ASSERT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
  EXPECT_EQ(real_as_toml(0.1), "0.1");
  EXPECT_EQ(real_as_toml(3), "3.0");
  EXPECT_EQ(real_as_toml(-0.0), "-0.0");
}

// Another value than the default that the key accepts.
std::string other_value(const KeySpec& spec, std::mt19937_64& random) {
  const double low = spec.minimum.value_or(-1e6), high = spec.maximum.value_or(std::max(low, 0.0) + 1e6);
  switch (spec.type) {
    case ValueType::boolean:
      return random() % 2 == 0 ? "true" : "false";
    case ValueType::integer:
      return std::to_string(std::uniform_int_distribution<std::int64_t>(
          static_cast<std::int64_t>(std::ceil(low)),
          static_cast<std::int64_t>(std::min(std::floor(high), 9e15)))(random));
    case ValueType::real:
      return real_as_toml(std::uniform_real_distribution<double>(low, high)(random));
    case ValueType::text:
      return text_as_toml(spec.choices.empty() ? "a \"b\"\\\n\t\x01 ü = [x] # no comment"
                                               : spec.choices[random() % spec.choices.size()]);
    case ValueType::text_list:
      return list_as_toml(spec.choices.empty() ? std::vector<std::string>{"", "a,b", "\"", "]"}
                                               : std::vector{spec.choices.back()});
  }
  return "";
}

TEST(Config, WritesTomlThatReadsBackExactly) {
  std::printf("seed 5\n");
  std::mt19937_64 random(5);
  for (int round = 0; round < 20; ++round) {
    std::string toml;
    std::map<std::string, std::string> given;
    for (const KeySpec& spec : config_schema()) {
      given[spec.key] = other_value(spec, random);
      toml += spec.key + " = " + given[spec.key] + "\n";
    }
    const Config config = Config::from_toml(toml, "given");
    const Config back = Config::from_toml(config.to_toml(), "back");
    ASSERT_EQ(back.to_toml(), config.to_toml());
    for (const KeySpec& spec : config_schema()) {
      ASSERT_TRUE(back.is_set(spec.key));
      ASSERT_EQ(back.display(spec.key), given[spec.key]) << spec.key;
      ASSERT_NE(back.origin(spec.key), "default");
    }
  }
}

TEST(Config, WritesTheNamedSectionsOnlyAndNothingUnset) {
  const std::vector<std::string> sections{"runtime"};
  EXPECT_EQ(Config::from_toml("runtime.seed = 4", "x").to_toml(sections),
            "[runtime]\ndevice = \"auto\"\nseed = 4\nthreads = 0\n");
  EXPECT_EQ(Config::from_toml("", "x").to_toml().find("order_value_max"), std::string::npos);
}

TEST(Config, SurvivesMutatedFiles) {
  std::printf("seed 31\n");
  std::mt19937_64 random(31);
  const std::string whole = Config::from_toml("", "x").to_toml();
  int refused_count = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string toml = whole.substr(0, random() % 600 + 1);
    for (int left = static_cast<int>(random() % 6); left >= 0 && !toml.empty(); --left) {
      const std::size_t at = random() % toml.size();
      random() % 3 == 0 ? toml.erase(at, random() % 9) : toml.replace(at, 1, 1, static_cast<char>(random()));
    }
    try {
      Config::from_toml(toml, "mutated");
    } catch (const InputError&) {
      ++refused_count;
    }
  }
  EXPECT_GT(refused_count, 300);
}

}  // namespace
}  // namespace regent
