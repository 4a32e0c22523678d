#include "hmm/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include <unistd.h>

#include "base/error.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

std::filesystem::path tensor_file(const std::string& name) {
  return std::filesystem::temp_directory_path() / (name + "." + std::to_string(::getpid()));
}

TEST(Model, FlattensAsItsDefinitionSays) {
  const Model model = market_hierarchy(1);
  const std::vector<double> flat = model.flat_transition(), start = model.flat_start();
  // (0,1) → (0,2): stays, calm never follows calm; (0,1) → (2,0): exit · macro · entry
  EXPECT_DOUBLE_EQ(flat[1 * 9 + 2], (1 - 0.015) * 0.1);
  EXPECT_DOUBLE_EQ(flat[1 * 9 + 6], 0.015 * 0.3 * 0.5);
  EXPECT_DOUBLE_EQ(start[4], 0.3 * 0.3);
  for (int k = 0; k < 9; ++k) {
    double sum = 0;
    for (int to = 0; to < 9; ++to) sum += flat[k * 9 + to];
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(Model, AcceptsAMacroSelfTransitionWhenScoring) {
  Model model = market_hierarchy(1);
  model.macro_transition = {0.5, 0.3, 0.2, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4};
  validate(model, "test");
  const std::vector<double> flat = model.flat_transition();
  EXPECT_DOUBLE_EQ(flat[1 * 9 + 2], 0.985 * 0.1 + 0.015 * 0.5 * 0.2);
}

TEST(Model, ComesBackFromItsFileUnchanged) {
  Model model = market_hierarchy(3);
  model.labels = {"calm", "mid", "chaos"};
  const std::filesystem::path file = tensor_file("hmm.safetensors");
  write_safetensors(model, file);
  const Model back = read_safetensors(file);
  EXPECT_EQ(back.features, model.features);
  EXPECT_EQ(back.labels, model.labels);
  EXPECT_EQ(back.macros, model.macros);
  EXPECT_EQ(back.micros, model.micros);
  EXPECT_EQ(back.macro_start, model.macro_start);
  EXPECT_EQ(back.macro_transition, model.macro_transition);
  EXPECT_EQ(back.micro_start, model.micro_start);
  EXPECT_EQ(back.micro_transition, model.micro_transition);
  EXPECT_EQ(back.micro_exit, model.micro_exit);
  EXPECT_EQ(back.means, model.means);
  EXPECT_EQ(back.covariances, model.covariances);
  std::filesystem::remove(file);
}

TEST(Model, NeverWritesAFileThatItWouldNotRead) {
  Model model = market_hierarchy(2);
  model.means[3] = std::nan("");
  const std::filesystem::path file = tensor_file("bad.safetensors");
  EXPECT_THROW(write_safetensors(model, file), InputError);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Model, RefusesAFileOfAnotherKind) {
  const std::filesystem::path file = tensor_file("noise.safetensors");
  std::ofstream(file) << "not a model at all, only words";
  EXPECT_THROW(read_safetensors(file), InputError);
  std::filesystem::remove(file);
  EXPECT_THROW(read_safetensors(tensor_file("absent.safetensors")), InputError);
}

TEST(Model, SaysWhichTableIsWrong) {
  const std::vector<std::pair<std::string, std::function<void(Model&)>>> mistakes{
      {"macro_start", [](Model& m) { m.macro_start[0] += 0.01; }},
      {"macro_transition", [](Model& m) { m.macro_transition[1] = -0.1; }},
      {"micro_start", [](Model& m) { m.micro_start.pop_back(); }},
      {"micro_transition", [](Model& m) { m.micro_transition[4] = std::nan(""); }},
      {"micro_exit", [](Model& m) { m.micro_exit[2] = 1.5; }},
      {"means", [](Model& m) { m.means[0] = INFINITY; }},
      {"covariances", [](Model& m) { m.covariances[1] += 0.1; }},
      {"not positive definite", [](Model& m) { m.covariances[0] = m.covariances[3] = 0.01; }},
      {"labels", [](Model& m) { m.labels.pop_back(); }},
      {"features", [](Model& m) { m.features.clear(); }},
      {"stands twice", [](Model& m) { m.features[1] = m.features[0]; }},
      {"means, state 1, feature", [](Model& m) { m.means[3] = -1e308; }},
      {"33 macro", [](Model& m) { m.macros = 33; }},
  };
  for (const auto& [name, break_it] : mistakes) {
    Model model = market_hierarchy(2);
    validate(model, "model.json");
    break_it(model);
    try {
      validate(model, "model.json");
      ADD_FAILURE() << "accepted a wrong " << name;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(name));
      EXPECT_THAT(error.what(), testing::HasSubstr("model.json"));
    }
  }
}

}  // namespace
}  // namespace regent::hmm
