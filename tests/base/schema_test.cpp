#include "base/config/schema.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>

#include "base/config/environment.hpp"
#include "base/config/toml_source.hpp"
#include "base/config/value_text.hpp"

namespace regent {
namespace {

bool is_number(const KeySpec& spec) {
  return spec.type == ValueType::integer || spec.type == ValueType::real;
}

TEST(Schema, DeclaresEveryKeyOnceInASectionOfItsOwn) {
  const std::set<std::string> sections{
      "data",    "features", "hmm",      "policy",   "ppo",   "environment", "allocator", "walk_forward",
      "serving", "engine",   "guardian", "governor", "venue", "ledger",      "report",    "runtime"};
  const std::regex form("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+");
  std::set<std::string> seen, variables;
  for (const KeySpec& spec : config_schema()) {
    EXPECT_TRUE(std::regex_match(spec.key, form)) << spec.key;
    EXPECT_TRUE(sections.count(section_of(spec.key)) == 1) << spec.key;
    EXPECT_TRUE(seen.insert(spec.key).second) << spec.key << " is declared twice";
    EXPECT_TRUE(variables.insert(environment_name(spec.key)).second)
        << environment_name(spec.key) << " names two keys";
    EXPECT_EQ(find_key(spec.key), &spec);
  }
  EXPECT_GT(seen.size(), 3U);
  EXPECT_EQ(find_key("runtime"), nullptr);
  EXPECT_EQ(find_key(""), nullptr);
}

TEST(Schema, NoKeyIsThePrefixOfAnother) {
  for (const KeySpec& inner : config_schema()) {
    for (const KeySpec& outer : config_schema())
      EXPECT_NE(inner.key.rfind(outer.key + ".", 0), 0U) << inner.key << ' ' << outer.key;
  }
}

TEST(Schema, EveryKeyHasAHelpThatIsASentence) {
  for (const KeySpec& spec : config_schema()) {
    ASSERT_FALSE(spec.help.empty()) << spec.key;
    EXPECT_EQ(spec.help.back(), '.') << spec.key;
    EXPECT_EQ(spec.help.find('\n'), std::string::npos) << spec.key;
    EXPECT_EQ(spec.unit.find('\n'), std::string::npos) << spec.key;
  }
}

TEST(Schema, BoundsAndChoicesFitTheType) {
  for (const KeySpec& spec : config_schema()) {
    if (spec.minimum || spec.maximum) {
      EXPECT_TRUE(is_number(spec)) << spec.key;
    }
    if (!spec.choices.empty()) {
      EXPECT_TRUE(spec.type == ValueType::text || spec.type == ValueType::text_list) << spec.key;
    }
    if (spec.minimum && spec.maximum) {
      EXPECT_LE(*spec.minimum, *spec.maximum) << spec.key;
    }
    for (const auto& bound : {spec.minimum, spec.maximum}) {
      if (!bound) continue;
      EXPECT_TRUE(std::isfinite(*bound)) << spec.key;
      if (spec.type == ValueType::integer) {
        EXPECT_EQ(*bound, std::floor(*bound)) << spec.key;
      }
    }
  }
}

// The loader ends the process at a wrong default; this says which one it is.
TEST(Schema, EveryDefaultIsAValueThatTheKeyAccepts) {
  for (const KeySpec& spec : config_schema()) {
    if (spec.default_value.empty()) continue;
    std::vector<TomlEntry> entries;
    ASSERT_NO_THROW(entries = parse_toml(spec.key + " = " + spec.default_value, spec.key)) << spec.key;
    EXPECT_NO_THROW(Config::from_toml(spec.key + " = " + spec.default_value, "default")) << spec.key;
  }
}

TEST(Schema, ConfigWithoutAnySourceIsItsDefaults) {
  const Config config = Config::from_toml("", "nothing");
  for (const KeySpec& spec : config_schema()) {
    EXPECT_EQ(config.is_set(spec.key), !spec.default_value.empty()) << spec.key;
    EXPECT_EQ(config.origin(spec.key), "default");
  }
}

}  // namespace
}  // namespace regent
