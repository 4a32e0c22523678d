#include "models/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/safetensors.hpp"
#include "models/policy_file.hpp"
#include "tests/models/small_bundle.hpp"

namespace regent::models {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string load_error(const fs::path& folder) {
  try {
    load_bundle(folder);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

std::string bytes_of(const fs::path& file) {
  return read_file(file);
}

void overwrite(const fs::path& file, const std::string& bytes) {
  write_file_atomically(file, bytes);
}

class BundleFolder : public testing::Test {
 protected:
  void SetUp() override {
    panel_ = small_market(120);
    Bundle bundle = small_bundle(panel_);
    fingerprint_ = write_bundle(bundle, folder_);
  }

  // Changes the manifest's JSON and gives it its right text and fingerprint again, as a forger would.
  void forge(const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json manifest = nlohmann::json::parse(bytes_of(folder_ / "manifest.json"));
    manifest.erase("fingerprint");
    change(manifest);
    manifest["fingerprint"] = fingerprint_of(manifest);
    overwrite(folder_ / "manifest.json", manifest_text(manifest));
  }

  // Changes one file's tensors and the manifest's hash of it.
  void forge_tensors(const std::string& name, const std::function<void(TensorFile&)>& change) {
    TensorFile tensors = TensorFile::read(folder_ / name);
    change(tensors);
    tensors.write(folder_ / name);
    forge([&](nlohmann::json& manifest) {
      manifest["files"][name] = {{"sha256", to_hex(sha256_file(folder_ / name))},
                                 {"bytes", fs::file_size(folder_ / name)}};
    });
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_ / "bundle";
  market::Panel panel_;
  std::string fingerprint_;
};

TEST_F(BundleFolder, ComesBackWhole) {
  const Bundle wanted = small_bundle(panel_);
  const Bundle found = load_bundle(folder_);
  EXPECT_EQ(found.manifest.fingerprint, fingerprint_);
  EXPECT_EQ(found.manifest.symbols, wanted.manifest.symbols);
  EXPECT_EQ(found.manifest.features, wanted.manifest.features);
  EXPECT_EQ(found.manifest.columns, wanted.manifest.columns);
  EXPECT_EQ(found.manifest.data_fingerprint, wanted.manifest.data_fingerprint);
  EXPECT_EQ(found.manifest.train_start_ms, wanted.manifest.train_start_ms);
  EXPECT_EQ(found.manifest.train_end_ms, wanted.manifest.train_end_ms);
  EXPECT_EQ(found.manifest.serve_from_ms, wanted.manifest.serve_from_ms);
  EXPECT_EQ(found.manifest.metrics, wanted.manifest.metrics);
  EXPECT_EQ(found.normaliser.means, wanted.normaliser.means);
  EXPECT_EQ(found.regimes.means, wanted.regimes.means);
  EXPECT_EQ(found.regimes.labels, wanted.regimes.labels);
  EXPECT_EQ(found.config.integer("allocator.warmup_bars"), 30);
  const auto source = wanted.policy->named_parameters();
  for (const auto& parameter : found.policy->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), source[parameter.key()])) << parameter.key();
  }
}

TEST_F(BundleFolder, TheSameContentGivesTheSameBytesAndAnotherGivesAnotherFingerprint) {
  Bundle again = small_bundle(panel_);
  EXPECT_EQ(write_bundle(again, temporary_ / "again"), fingerprint_);
  for (const char* const name :
       {"manifest.json", "policy.safetensors", "hmm.safetensors", "normaliser.safetensors", "config.toml"}) {
    EXPECT_EQ(bytes_of(folder_ / name), bytes_of(temporary_ / "again" / name)) << name;
  }
  Bundle other = small_bundle(panel_, 2);
  EXPECT_NE(write_bundle(other, temporary_ / "other"), fingerprint_);
  Bundle parent = small_bundle(panel_);
  parent.manifest.parent = fingerprint_;
  EXPECT_NE(write_bundle(parent, temporary_ / "parent"), fingerprint_);
}

TEST_F(BundleFolder, TheFingerprintIsTheHashOfTheCompactManifestWithoutIt) {
  nlohmann::json manifest = nlohmann::json::parse(bytes_of(folder_ / "manifest.json"));
  manifest.erase("fingerprint");
  EXPECT_EQ(to_hex(sha256(manifest.dump())), fingerprint_);
  EXPECT_EQ(manifest["files"].size(), 4U);
}

TEST_F(BundleFolder, AnyFlippedByteOfAnyFileIsRefused) {
  for (const char* const name :
       {"manifest.json", "policy.safetensors", "hmm.safetensors", "normaliser.safetensors", "config.toml"}) {
    const std::string whole = bytes_of(folder_ / name);
    const std::size_t stride = std::max<std::size_t>(1, whole.size() / 97);
    for (std::size_t at = 0; at < whole.size(); at += stride) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      overwrite(folder_ / name, changed);
      EXPECT_NE(load_error(folder_), "no InputError") << name << " byte " << at;
    }
    overwrite(folder_ / name, whole);
  }
  EXPECT_EQ(load_error(folder_), "no InputError");
}

TEST_F(BundleFolder, ATruncatedMissingOrExtraFileIsRefusedByName) {
  const std::string whole = bytes_of(folder_ / "policy.safetensors");
  overwrite(folder_ / "policy.safetensors", whole.substr(0, whole.size() - 1));
  EXPECT_THAT(load_error(folder_), AllOf(HasSubstr("policy.safetensors"), HasSubstr("bytes")));
  fs::remove(folder_ / "policy.safetensors");
  EXPECT_THAT(load_error(folder_), AllOf(HasSubstr("policy.safetensors"), HasSubstr("missing")));
  overwrite(folder_ / "policy.safetensors", whole);
  overwrite(folder_ / "notes.txt", "hello");
  EXPECT_THAT(load_error(folder_), AllOf(HasSubstr("notes.txt"), HasSubstr("does not belong")));
  fs::remove(folder_ / "notes.txt");
  fs::remove(folder_ / "manifest.json");
  EXPECT_THAT(load_error(folder_), AllOf(HasSubstr("manifest.json"), HasSubstr("missing")));
}

TEST_F(BundleFolder, ALinkInPlaceOfAFileIsRefused) {
  fs::rename(folder_ / "config.toml", temporary_ / "elsewhere.toml");
  fs::create_symlink(temporary_ / "elsewhere.toml", folder_ / "config.toml");
  EXPECT_THAT(load_error(folder_), AllOf(HasSubstr("config.toml"), HasSubstr("plain file")));
}

TEST_F(BundleFolder, AnotherFormatVersionIsRefusedAsSuch) {
  forge([](nlohmann::json& manifest) {
    manifest["format_version"] = 2;
    manifest["novelty"] = true;
  });
  EXPECT_THAT(load_error(folder_),
              AllOf(HasSubstr("format_version"), HasSubstr("is 2"), HasSubstr("reads 1")));
}

TEST_F(BundleFolder, AManifestFieldThatIsMissingUnknownOrOfAnotherTypeIsRefusedByName) {
  const std::string whole = bytes_of(folder_ / "manifest.json");
  const std::vector<std::pair<std::function<void(nlohmann::json&)>, std::string>> changes{
      {[](auto& m) { m.erase("symbols"); }, "'symbols' is missing"},
      {[](auto& m) { m["symbols"] = "A"; }, "'symbols' must be a list"},
      {[](auto& m) {
         m["symbols"] = {"B", "A"};
       },
       "'symbols' must be sorted"},
      {[](auto& m) { m["novelty"] = 1; }, "'novelty'"},
      {[](auto& m) { m["serve_from_ms"] = m["train_end_ms"]; }, "serve_from_ms"},
      {[](auto& m) { m["parent"] = "me"; }, "'parent'"},
      {[](auto& m) { m["columns"] = {"price"}; }, "'price'"},
      {[](auto& m) { m["periods_per_year"] = 0; }, "periods_per_year"},
      {[](auto& m) { m["files"].erase("hmm.safetensors"); }, "hmm.safetensors"},
      {[](auto& m) { m["files"]["../x"] = m["files"]["hmm.safetensors"]; }, "../x"}};
  for (const auto& [change, expected] : changes) {
    forge(change);
    EXPECT_THAT(load_error(folder_), HasSubstr(expected));
    overwrite(folder_ / "manifest.json", whole);
  }
}

TEST_F(BundleFolder, WeightsThatAreNotFiniteAreRefusedEvenWithTheRightHash) {
  forge_tensors("policy.safetensors", [](TensorFile& tensors) {
    auto& tensor = tensors.tensors.at("value_heads.bias");
    std::vector<float> values(tensor.count(), std::numeric_limits<float>::quiet_NaN());
    tensor = NamedTensor::from(values, tensor.shape);
  });
  EXPECT_THAT(load_error(folder_), HasSubstr("value_heads.bias"));
}

TEST_F(BundleFolder, ShapesThatDoNotFitAreRefusedEvenWithTheRightHash) {
  const std::string whole = bytes_of(folder_ / "policy.safetensors");
  forge_tensors("policy.safetensors", [](TensorFile& tensors) {
    auto& tensor = tensors.tensors.at("trunk.0.weight");
    std::swap(tensor.shape[0], tensor.shape[1]);
  });
  EXPECT_THAT(load_error(folder_), HasSubstr("trunk.0.weight"));
  overwrite(folder_ / "policy.safetensors", whole);
  forge_tensors("policy.safetensors", [](TensorFile& tensors) { tensors.metadata["hidden"] = "9"; });
  EXPECT_THAT(load_error(folder_), HasSubstr("weights, its shape needs"));
  overwrite(folder_ / "policy.safetensors", whole);
  forge_tensors("policy.safetensors",
                [](TensorFile& tensors) { tensors.metadata["layers"] = "1000000000000"; });
  EXPECT_THAT(load_error(folder_), HasSubstr("'layers'"));
  overwrite(folder_ / "policy.safetensors", whole);
  // a sound policy, but of another layout than features and regimes make
  write_safetensors(PolicyNetwork(PolicyShape{12, 2, 8, 2}, 1), folder_ / "policy.safetensors");
  forge_tensors("policy.safetensors", [](TensorFile&) {});
  EXPECT_THAT(load_error(folder_), HasSubstr("12 inputs"));
}

TEST_F(BundleFolder, PartsOfDifferentBundlesDoNotMix) {
  forge([](nlohmann::json& manifest) {
    manifest["features"] = {"log_return", "realised_volatility_5", "return_5", "gap"};
  });
  EXPECT_THAT(load_error(folder_), HasSubstr("normaliser"));
}

TEST_F(BundleFolder, AFeatureThatThisProgramDoesNotKnowIsRefused) {
  Bundle bundle = small_bundle(panel_);
  bundle.normaliser.names[0] = bundle.manifest.features[0] = "carry_99";
  EXPECT_THROW(write_bundle(bundle, temporary_ / "unknown"), InputError);
  // as a later program may have written it
  forge_tensors("normaliser.safetensors", [&](TensorFile& tensors) {
    tensors.metadata["names"] = nlohmann::json(bundle.normaliser.names).dump();
  });
  forge([&](nlohmann::json& manifest) { manifest["features"] = bundle.manifest.features; });
  EXPECT_THAT(load_error(folder_), HasSubstr("'carry_99', which this program does not know"));
}

TEST(Manifest, ThatNestsListsWithoutEndIsRefused) {
  constexpr std::size_t depth = 2'000'000;
  std::map<std::string, BundleFile> files;
  try {
    parse_manifest("{\"metrics\":" + std::string(depth, '[') + std::string(depth, ']') + "}", "manifest.json",
                   files);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("nested too deeply"));
  }
}

TEST_F(BundleFolder, AnExistingFolderIsNotOverwritten) {
  Bundle bundle = small_bundle(panel_, 2);
  EXPECT_THROW(write_bundle(bundle, folder_), InputError);
  EXPECT_EQ(load_bundle(folder_).manifest.fingerprint, fingerprint_);
}

TEST_F(BundleFolder, MetricsThatAreNotFiniteAreNotWrittenAsNull) {
  Bundle bundle = small_bundle(panel_);
  bundle.manifest.metrics["inner"]["sharpe"] = std::numeric_limits<double>::quiet_NaN();
  const fs::path folder = temporary_ / "nan";
  EXPECT_THROW(write_bundle(bundle, folder), InputError);
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_EQ(number_or_null(std::nan("")), nullptr);
  EXPECT_EQ(number_or_null(1.5), 1.5);
}

TEST_F(BundleFolder, ASetIsReadInTheOrderInWhichItServes) {
  const fs::path set = temporary_ / "set";
  fs::create_directories(set / ".bundle.tmp-1-0");  // an unfinished write
  std::vector<std::string> fingerprints;
  for (const int days : {20, 10, 30}) {
    Bundle bundle = small_bundle(panel_, static_cast<std::uint64_t>(days));
    bundle.manifest.serve_from_ms += days * std::int64_t{86'400'000};
    fingerprints.push_back(write_bundle(bundle, set / std::to_string(100 - days)));
  }
  const std::vector<Bundle> bundles = load_bundles(set);
  ASSERT_EQ(bundles.size(), 3U);
  EXPECT_EQ(bundles[0].manifest.fingerprint, fingerprints[1]);
  EXPECT_EQ(bundles[1].manifest.fingerprint, fingerprints[0]);
  EXPECT_EQ(bundles[2].manifest.fingerprint, fingerprints[2]);
  EXPECT_EQ(load_bundles(folder_).size(), 1U);
  Bundle twice = small_bundle(panel_, 77);
  twice.manifest.serve_from_ms += 10 * std::int64_t{86'400'000};
  write_bundle(twice, set / "twice");
  EXPECT_THROW(load_bundles(set), InputError);
}

TEST_F(BundleFolder, ASetWithAnythingElseInItOrNothingIsRefused) {
  fs::create_directories(temporary_ / "stray");
  EXPECT_THROW(load_bundles(temporary_.path()), InputError);
  EXPECT_THROW(load_bundles(temporary_ / "stray"), InputError);
  EXPECT_THROW(load_bundles(temporary_ / "nowhere"), InputError);
}

}  // namespace
}  // namespace regent::models
