#include "hmm/model_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <random>

#include "base/error.hpp"
#include "hmm/model_file.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string umbrella = R"({"format": "regent-hmm/1", "start": [0.5, 0.5],
  "transition": [[0.7, 0.3], [0.3, 0.7]]})";
const std::string gaussian =
    R"({"format": "regent-hmm/1", "features": ["r", "v"], "labels": ["calm", "chaos"],
  "start": [1, 0], "transition": [[0.9, 0.1], [0.2, 0.8]],
  "emission": {"kind": "gaussian", "means": [[0, 1], [2, 3]],
               "covariances": [[[1, 0.5], [0.5, 2]], [[4, 0], [0, 5]]]}})";
const std::string hierarchy = R"({"format": "regent-hmm/1", "hierarchy": {
  "macro_start": [0.25, 0.75], "macro_transition": [[0.5, 0.5], [1, 0]],
  "micro_start": [[1, 0], [0.5, 0.5]], "micro_transition": [[[0.5, 0.5], [0, 1]], [[1, 0], [0.25, 0.75]]],
  "micro_exit": [[0, 0.5], [1, 0.125]]}})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string complaint(const std::string& text, const JsonReading& reading = {}) {
  try {
    model_from_json(text, "m.json", reading);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "." + name);
}

void expect_equal(const Model& a, const Model& b) {
  EXPECT_EQ(a.features, b.features);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.macros, b.macros);
  EXPECT_EQ(a.micros, b.micros);
  EXPECT_EQ(a.macro_start, b.macro_start);
  EXPECT_EQ(a.macro_transition, b.macro_transition);
  EXPECT_EQ(a.micro_start, b.micro_start);
  EXPECT_EQ(a.micro_transition, b.micro_transition);
  EXPECT_EQ(a.micro_exit, b.micro_exit);
  EXPECT_EQ(a.emission, b.emission);
  EXPECT_EQ(a.components, b.components);
  EXPECT_EQ(a.means, b.means);
  EXPECT_EQ(a.covariances, b.covariances);
  EXPECT_EQ(a.dof, b.dof);
  EXPECT_EQ(a.mixture_weights, b.mixture_weights);
}

TEST(ModelJson, ReadsAFlatModelAsItIsTypedIn) {
  const Model model = model_from_json(gaussian, "m.json");
  EXPECT_EQ(model.features, (std::vector<std::string>{"r", "v"}));
  EXPECT_EQ(model.labels, (std::vector<std::string>{"calm", "chaos"}));
  EXPECT_EQ(model.states(), 2);
  EXPECT_EQ(model.flat_start(), (std::vector<double>{1, 0}));
  EXPECT_EQ(model.flat_transition(), (std::vector<double>{0.9, 0.1, 0.2, 0.8}));
  EXPECT_EQ(model.means, (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(model.covariances, (std::vector<double>{1, 0.5, 0.5, 2, 4, 0, 0, 5}));
}

TEST(ModelJson, ReadsAHierarchyWithMacroSelfTransitions) {
  const Model model = model_from_json(hierarchy, "m.json");
  EXPECT_FALSE(model.has_emission());
  EXPECT_EQ(model.labels, (std::vector<std::string>{"regime_0", "regime_1"}));
  // (0,1) → (0,0): (1 − ½)·0 + ½·½·1; (0,1) → (1,1): ½·½·½; (1,1) → (0,0): ⅛·1·1
  EXPECT_DOUBLE_EQ(model.flat_transition()[1 * 4 + 0], 0.25);
  EXPECT_DOUBLE_EQ(model.flat_transition()[1 * 4 + 3], 0.125);
  EXPECT_DOUBLE_EQ(model.flat_transition()[3 * 4 + 0], 0.125);
  EXPECT_DOUBLE_EQ(model.flat_start()[2], 0.375);
}

Model random_model(EmissionKind kind, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(0.1, 1);
  Model model = market_hierarchy(2);
  for (double& mean : model.means) mean = 1e8 * uniform(engine) / 3;
  for (std::size_t k = 0; k < 9; ++k) model.covariances[k * 4] *= 1e-9 * uniform(engine);
  for (std::size_t k = 0; k < 9; ++k) model.covariances[k * 4 + 1] = model.covariances[k * 4 + 2] = 0;
  model.emission = kind;
  if (kind == EmissionKind::student_t) {
    for (int k = 0; k < 9; ++k) model.dof.push_back(2 + uniform(engine) / 3);
  }
  if (kind != EmissionKind::mixture) return model;
  model.components = 2;
  const Model one = model;
  model.means.clear();
  model.covariances.clear();
  for (int k = 0; k < 9; ++k) {
    const double weight = uniform(engine) / 3;
    model.mixture_weights.insert(model.mixture_weights.end(), {weight, 1 - weight});
    for (int c = 0; c < 2; ++c) {
      for (int d = 0; d < 2; ++d) model.means.push_back(one.means[k * 2 + d] + uniform(engine));
      for (int e = 0; e < 4; ++e) model.covariances.push_back(one.covariances[k * 4 + e] * (c + 1));
    }
  }
  return model;
}

TEST(ModelJson, ComesBackBitForBitThroughJsonAndSafetensors) {
  std::uint64_t seed = 1;
  for (const EmissionKind kind : {EmissionKind::gaussian, EmissionKind::student_t, EmissionKind::mixture}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model = random_model(kind, seed++);
    if (kind == EmissionKind::mixture) {  // 9·2 components are within the 32 that are possible
      ASSERT_EQ(model.components, 2);
    }
    const auto as_json = scratch("model.json"), as_tensors = scratch("model.safetensors");
    write_model(model, as_json);
    write_model(read_model(as_json), as_tensors);
    expect_equal(read_model(as_tensors), model);
    EXPECT_EQ(model_to_json(read_model(as_tensors)), model_to_json(model));
    std::filesystem::remove(as_json);
    std::filesystem::remove(as_tensors);
  }
}

TEST(ModelJson, WritesAFlatModelWithStartAndTransition) {
  const std::string text = model_to_json(model_from_json(gaussian, "m.json"));
  EXPECT_THAT(text, AllOf(HasSubstr("\"start\": [1.0, 0.0]"), HasSubstr("    [0.9, 0.1],\n"),
                          HasSubstr("\"labels\": [\"calm\",\"chaos\"]")));
  expect_equal(model_from_json(text, "again"), model_from_json(gaussian, "m.json"));
  expect_equal(model_from_json(model_to_json(model_from_json(hierarchy, "h")), "again"),
               model_from_json(hierarchy, "h"));
  expect_equal(model_from_json(model_to_json(model_from_json(umbrella, "u")), "again"),
               model_from_json(umbrella, "u"));
}

TEST(ModelJson, KeepsALabelPerStateInBothForms) {
  const Model model = model_from_json(gaussian, "m.json");
  const auto file = scratch("labels.safetensors");
  write_model(model, file);
  EXPECT_EQ(read_model(file).labels, model.labels);
  std::filesystem::remove(file);
}

TEST(ModelJson, NamesFilePlaceAndWhatWouldBeRight) {
  EXPECT_THAT(complaint("{\n  \"format\": ,\n}"), AllOf(HasSubstr("m.json"), HasSubstr("line 2")));
  EXPECT_THAT(complaint("[]"), HasSubstr("an object is needed"));
  EXPECT_THAT(complaint("{}"), HasSubstr("\"format\" is missing"));
  EXPECT_THAT(complaint(with(umbrella, "regent-hmm/1", "regent-hmm/2")),
              HasSubstr("is not \"regent-hmm/1\""));
  EXPECT_THAT(complaint(with(umbrella, "\"start\"", "\"strat\"")),
              AllOf(HasSubstr("strat"), HasSubstr("did you mean 'start'")));
  EXPECT_THAT(complaint(with(umbrella, "\"transition\"", "\"start\"")), HasSubstr("stands twice"));
  EXPECT_THAT(complaint(with(umbrella, "[0.3, 0.7]", "[0.3]")),
              AllOf(HasSubstr("transition[1]"), HasSubstr("array of 2 is needed, not an array of 1")));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "0.7, \"x\"")),
              AllOf(HasSubstr("transition[0][1]"), HasSubstr("a number is needed, not \"x\"")));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "0.7, null")), HasSubstr("transition[0][1]"));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "0.7, NaN")), HasSubstr("no JSON"));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "1.7, -0.7")),
              AllOf(HasSubstr("transition[0]"), HasSubstr("negative")));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "0.7, 0.1")),
              AllOf(HasSubstr("transition[0]"), HasSubstr("sums to 0.8 "), HasSubstr("instead of 1")));
  EXPECT_THAT(complaint(with(umbrella, "[0.5, 0.5]", "[0.5, 0.6]")), HasSubstr("start: the row sums to 1.1"));
  EXPECT_THAT(complaint(with(gaussian, "\"gaussian\"", "\"gausian\"")), HasSubstr("did you mean 'gaussian'"));
  EXPECT_THAT(complaint(with(gaussian, "\"means\"", "\"dof\"")), HasSubstr("emission: unknown key \"dof\""));
  EXPECT_THAT(complaint(with(gaussian, "[2, 3]", "[2, 3, 4]")),
              AllOf(HasSubstr("emission.means[1]"), HasSubstr("array of 2")));
  EXPECT_THAT(complaint(with(gaussian, "[0.5, 2]", "[0.6, 2]")), HasSubstr("state 0 is not symmetric"));
  EXPECT_THAT(complaint(with(gaussian, "[0, 5]", "[0, -5]")), HasSubstr("state 1 is not positive definite"));
  EXPECT_THAT(complaint(with(gaussian, "[\"r\", \"v\"]", "[\"r\", \"r\"]")), HasSubstr("stands twice"));
  EXPECT_THAT(complaint(with(gaussian, "\"features\": [\"r\", \"v\"],", "")),
              HasSubstr("\"features\" is missing"));
  EXPECT_THAT(complaint(with(gaussian, "[\"calm\", \"chaos\"]", "[\"a\", \"b\", \"c\"]")),
              HasSubstr("labels: 3 names, and 2 are needed"));
  EXPECT_THAT(complaint(with(hierarchy, "[[0, 0.5], [1, 0.125]]", "[[0, 0.5], [1, 1.125]]")),
              AllOf(HasSubstr("hierarchy.micro_exit[1][1]"), HasSubstr("not in [0, 1]")));
  EXPECT_THAT(complaint(with(hierarchy, "[0.25, 0.75]]]", "[0.25, 0.5]]]")),
              HasSubstr("hierarchy.micro_transition[1][1]"));
  EXPECT_THAT(complaint(with(hierarchy, "\"hierarchy\"", "\"start\": [1], \"hierarchy\"")),
              HasSubstr("instead of start and transition"));
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "1e999, 0.3")), HasSubstr("m.json"));
}

TEST(ModelJson, RefusesWhatIsNestedTooDeeply) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string key : {"start", "format", "features", "labels"}) {
    try {
      model_from_json("{\"" + key + "\": " + deep + "}", "m.json");
      FAIL() << key;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("m.json: arrays and objects nested more than 16 deep"));
    }
  }
}

TEST(ModelJson, DividesRoundedRowsByTheirSumOnlyWhenAsked) {
  const std::string rounded = with(with(umbrella, "0.7, 0.3", "0.333, 0.666"), "[0.5, 0.5]", "[0.5, 0.5]");
  EXPECT_THAT(complaint(rounded), AllOf(HasSubstr("transition[0]"), HasSubstr("--normalise")));
  const Model model = model_from_json(rounded, "m.json", {.normalise_rows = true});
  EXPECT_DOUBLE_EQ(model.micro_transition[0], 0.333 / 0.999);
  EXPECT_THAT(complaint(with(umbrella, "0.7, 0.3", "0.7, 0.2"), {.normalise_rows = true}),
              HasSubstr("sums to 0.9"));
}

TEST(ModelFile, RefusesAWrongNameAnEmptyFileAndAStructureAsSafetensors) {
  const Model structure = model_from_json(umbrella, "u");
  EXPECT_THROW(write_model(structure, scratch("m.txt")), InputError);
  EXPECT_THROW(write_model(structure, scratch("m.safetensors")), InputError);
  EXPECT_FALSE(std::filesystem::exists(scratch("m.safetensors")));
  const auto empty = scratch("empty.json");
  std::ofstream(empty).close();
  EXPECT_THROW(read_model(empty), InputError);
  std::filesystem::remove(empty);
  EXPECT_THROW(read_model(scratch("nothing.json")), InputError);
}

Model through_safetensors(const Model& model) {
  const std::filesystem::path file = scratch("through.safetensors");
  write_model(model, file);
  const Model read = read_model(file);
  std::filesystem::remove(file);
  return read;
}

TEST(ModelJson, KeepsTheKindOfCovarianceWhereItIsNotFull) {
  Model model = model_from_json(gaussian, "m.json");
  EXPECT_EQ(model.covariance, CovarianceKind::full);
  EXPECT_EQ(model_to_json(model).find("\"covariance\":"), std::string::npos);
  for (const auto kind : {CovarianceKind::diagonal, CovarianceKind::tied, CovarianceKind::spherical}) {
    model.covariance = kind;
    EXPECT_EQ(model_from_json(model_to_json(model), "m.json").covariance, kind);
    EXPECT_EQ(through_safetensors(model).covariance, kind);
  }
  std::string text = model_to_json(model);
  text.replace(text.find("spherical"), 9, "spheric");
  try {
    model_from_json(text, "m.json");
    ADD_FAILURE() << "accepted spheric";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("emission.covariance: \"spheric\" is no kind of covariance, did "
                                   "you mean 'spherical'?"));
  }
}

TEST(ModelJson, KeepsTheLengthOfABarWhereItIsKnown) {
  Model model = model_from_json(gaussian, "m.json");
  EXPECT_EQ(model.bar_seconds, std::nullopt);
  EXPECT_EQ(model_to_json(model).find("bar_seconds"), std::string::npos);
  for (const double seconds : {3600.0, 0.1, 1.0 / 3, 2629800.0}) {
    model.bar_seconds = seconds;
    EXPECT_EQ(model_from_json(model_to_json(model), "m.json").bar_seconds, seconds);
    EXPECT_EQ(through_safetensors(model).bar_seconds, seconds);
  }
  model.bar_seconds = 3600;
  EXPECT_THAT(model_to_json(model), HasSubstr("\"bar_seconds\": 3600.0,\n"));
  Model structure = model_from_json(with(umbrella, "\"start\"", "\"bar_seconds\": 60, \"start\""), "u");
  EXPECT_EQ(structure.bar_seconds, 60);
  EXPECT_EQ(model_from_json(model_to_json(structure), "u").bar_seconds, 60);
}

TEST(ModelJson, RefusesALengthOfABarThatIsNone) {
  const auto saying = [](const std::string& value) {
    return complaint(with(gaussian, "\"labels\"", "\"bar_seconds\": " + value + ", \"labels\""));
  };
  EXPECT_THAT(saying("0"), HasSubstr("m.json: bar_seconds is 0; the seconds from bar to bar"));
  EXPECT_THAT(saying("-3600"), HasSubstr("bar_seconds is -3600;"));
  EXPECT_THAT(saying("\"1h\""), HasSubstr("m.json: bar_seconds: a number is needed, not \"1h\""));
  EXPECT_THAT(complaint(with(gaussian, "\"labels\"", "\"bar_second\": 1, \"labels\"")),
              HasSubstr("did you mean 'bar_seconds'"));
  Model model = model_from_json(gaussian, "m.json");
  model.bar_seconds = NAN;
  EXPECT_THROW(write_model(model, scratch("none.safetensors")), InputError);
  EXPECT_FALSE(std::filesystem::exists(scratch("none.safetensors")));
}

}  // namespace
}  // namespace regent::hmm
