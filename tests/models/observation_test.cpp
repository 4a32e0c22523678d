#include "models/observation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "base/error.hpp"
#include "base/safetensors.hpp"

namespace regent::models {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

template <typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

// [bars, features, symbols]: two features of two symbols over three bars.
const std::vector<double> values{1, 3, 10, 10, no_value, 5, 10, no_value, 7, 9, 10, 10};

TEST(Normaliser, HasMeanAndDeviationOfWhatIsThere) {
  const Normaliser n = Normaliser::fit(values, {"a", "b"}, 2);
  EXPECT_DOUBLE_EQ(n.means[0], 5.0);  // 1 3 5 7 9
  EXPECT_DOUBLE_EQ(n.scales[0], std::sqrt(8.0));
  EXPECT_DOUBLE_EQ(n.means[1], 10.0);
  EXPECT_DOUBLE_EQ(n.scales[1], 1.0);  // constant
}

TEST(Normaliser, KeepsPrecisionBesideALargeMean) {
  const Normaliser n = Normaliser::fit(std::vector<double>{1e9 - 1, 1e9 + 1, 1e9 - 1, 1e9 + 1}, {"a"}, 2);
  EXPECT_DOUBLE_EQ(n.means[0], 1e9);
  // one part in 10⁹ is what it takes for a spread to count as one
  EXPECT_DOUBLE_EQ(Normaliser::fit(std::vector<double>{1e6 - 1, 1e6 + 1}, {"a"}, 1).scales[0], 1.0);
  EXPECT_DOUBLE_EQ(Normaliser::fit(std::vector<double>{1e6 - 3, 1e6 + 3}, {"a"}, 1).scales[0], 3.0);
}

TEST(Normaliser, PutsMissingAtTheMeanAndClipsTheRest) {
  const Normaliser n = Normaliser::fit(values, {"a", "b"}, 2);
  EXPECT_EQ(n.apply(0, no_value), 0.0F);
  EXPECT_FLOAT_EQ(n.apply(0, 5 + std::sqrt(8.0)), 1.0F);
  EXPECT_EQ(n.apply(0, 1e9), 5.0F);
  EXPECT_EQ(n.apply(0, -std::numeric_limits<double>::infinity()), -5.0F);
}

TEST(Normaliser, TurnsOneBarAround) {
  const Normaliser n = Normaliser::fit(values, {"a", "b"}, 2);
  std::vector<float> out(4);
  n.apply_bar(std::vector<double>{5, no_value, 12, 11}, 2, out);
  EXPECT_THAT(out, testing::ElementsAre(0.0F, 2.0F, 0.0F, 1.0F));
}

TEST(Normaliser, RefusesInfiniteAndAbsentFeatures) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THAT(message_of([&] {
                Normaliser::fit(std::vector<double>{1, 2, 3, infinite}, {"rsi"}, 2);
              }),
              testing::AllOf(testing::HasSubstr("rsi"), testing::HasSubstr("bar 1")));
  EXPECT_THAT(message_of([&] {
                Normaliser::fit(std::vector<double>{no_value, no_value}, {"rsi"}, 2);
              }),
              testing::HasSubstr("no value"));
}

TEST(Normaliser, ComesBackFromItsFile) {
  const Normaliser n = Normaliser::fit(values, {"a", "b"}, 2);
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("normaliser_" + std::to_string(::getpid()) + ".safetensors");
  write_safetensors(n, file);
  const Normaliser back = read_normaliser(file);
  EXPECT_EQ(back.names, n.names);
  EXPECT_EQ(back.means, n.means);
  EXPECT_EQ(back.scales, n.scales);
  TensorFile tensors = TensorFile::read(file);
  tensors.tensors["scales"] = NamedTensor::from(std::vector<double>{1.0, 0.0}, {2});
  tensors.write(file);
  EXPECT_THAT(message_of([&] { read_normaliser(file); }), testing::HasSubstr("scale above 0"));
  tensors.tensors["scales"] = NamedTensor::from(std::vector<double>{1.0, 1.0, 1.0}, {3});
  tensors.write(file);
  EXPECT_THAT(message_of([&] { read_normaliser(file); }), testing::HasSubstr("scales"));
  tensors.metadata.erase("names");
  tensors.write(file);
  EXPECT_THAT(message_of([&] { read_normaliser(file); }), testing::HasSubstr("names"));
  std::filesystem::remove(file);
}

TEST(Observation, PutsItsPartsInOrderAndNamesThem) {
  const ObservationLayout layout{2, 2, 3};
  std::vector<float> row(layout.inputs());
  fill_observation(layout, std::vector<float>{1, 2}, 3, std::vector<float>{4, 5}, std::vector<float>{6, 7, 8},
                   row);
  EXPECT_THAT(row, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < layout.inputs(); ++i)
    names.push_back(input_name(layout, {"a", "b"}, {"calm", "chaos"}, i));
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "position", "macro.calm", "macro.chaos", "micro.0",
                                          "micro.1", "micro.2"));
}

}  // namespace
}  // namespace regent::models
