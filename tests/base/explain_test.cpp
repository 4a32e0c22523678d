#include "base/config/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

using regent::test::message_of;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Explain, ShowsValueOriginHelpAndUnitOfASection) {
  const Config config = Config::from_toml("runtime.threads = 6", "my.toml");
  const std::string text = explain_text(config, keys_named("runtime"));
  EXPECT_THAT(text,
              ::testing::ContainsRegex("threads +6 +my.toml:1 +Threads for parallel work.*\\[threads\\]"));
  EXPECT_THAT(text, ::testing::ContainsRegex("seed +1 +default "));
  EXPECT_THAT(text, Not(HasSubstr("[engine]")));
}

TEST(Explain, TellsEverythingAboutOneKey) {
  const std::string text = explain_text(Config::from_toml("", "x"), keys_named("governor.order_value_max"));
  for (const char* part :
       {"(unset)", "nowhere: it has no default", "a real from 0 to 1000, in fraction of equity",
        "REGENT_GOVERNOR_ORDER_VALUE_MAX", "--set governor.order_value_max="}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Explain, CoversEveryKeyWithoutAName) {
  EXPECT_EQ(keys_named("").size(), config_schema().size());
  const std::string text = explain_text(Config::from_toml("", "x"), keys_named(""));
  for (const KeySpec& spec : config_schema()) EXPECT_THAT(text, HasSubstr(spec.help));
}

TEST(Explain, SuggestsTheNearestName) {
  EXPECT_EQ(message_of<InputError>([] { keys_named("runtme"); }),
            "'runtme' is neither a key nor a section, did you mean 'runtime'?");
  EXPECT_THAT(message_of<InputError>([] { keys_named("runtime.sed"); }), HasSubstr("'runtime.seed'"));
}

TEST(Explain, GivesTypedValuesAsJson) {
  const Config config = Config::from_toml("runtime.seed = 9\ndata.files = [\"a\"]", "my.toml");
  const auto json = nlohmann::json::parse(explain_json(config, keys_named("")));
  EXPECT_EQ(json.size(), config_schema().size());
  EXPECT_EQ(json["runtime.seed"]["value"], 9);
  EXPECT_EQ(json["runtime.seed"]["origin"], "my.toml:1");
  EXPECT_EQ(json["runtime.seed"]["environment"], "REGENT_RUNTIME_SEED");
  EXPECT_EQ(json["data.files"]["value"], nlohmann::json::array({"a"}));
  EXPECT_EQ(json["serving.allow_remote"]["value"], false);
  EXPECT_TRUE(json["governor.order_value_max"]["value"].is_null());
  EXPECT_EQ(json["governor.order_value_max"]["set"], false);
  EXPECT_TRUE(json["engine.initial_cash"]["value"].is_number_float());
}

TEST(Explain, TheSchemaIsAFileThatLoadsAsTheDefaults) {
  const std::string schema = schema_as_toml();
  const Config config = Config::from_toml(schema, "schema");
  EXPECT_EQ(config.to_toml(), Config::from_toml("", "x").to_toml());
  for (const KeySpec& spec : config_schema()) {
    EXPECT_THAT(schema, HasSubstr(spec.help));
    EXPECT_EQ(config.origin(spec.key) == "default", spec.default_value.empty()) << spec.key;
  }
}

}  // namespace
}  // namespace regent
