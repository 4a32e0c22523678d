#include "serving/server/model_bundles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"
#include "models/decider.hpp"
#include "serving/server/decision_service.hpp"
#include "tests/server/real_bundles.hpp"

namespace regent::server {
namespace {

wire::DecisionReply ask(DecisionService& service, const wire::DecisionRequest& request) {
  const auto reply = service.handle(wire::encode(request), monotonic_ns());
  EXPECT_TRUE(reply.has_value());
  return wire::decode_reply(*reply);
}

TEST(ModelBundles, ServiceDecidesAsTheDeciderOfTheBundleInForce) {
  const models::TemporaryFolder folder;
  const market::Panel panel = models::small_market(market_bars);
  write_walk_forward(panel, folder / "set");
  const auto bundles = load_served_bundles(folder / "set");
  ASSERT_EQ(bundles->labels().size(), 2U);
  Metrics metrics;
  DecisionService service(*bundles, {}, metrics, monotonic_ns);

  const std::vector<models::Bundle> loaded = models::load_bundles(folder / "set");
  std::vector<models::Decider> deciders;
  for (const models::Bundle& bundle : loaded) {
    deciders.emplace_back(std::make_shared<models::Bundle>(bundle), panel.symbols, panel.column_set());
  }
  std::size_t decided = 0;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    std::vector<models::Decision> expected;
    for (models::Decider& decider : deciders) {
      expected.push_back(decider.update(panel.bar(bar)));
    }
    const wire::DecisionReply reply = ask(service, request_of(panel, bar, bar + 1));
    if (bar < first_served_bar) {
      ASSERT_EQ(reply.status, wire::Status::warming);
      continue;
    }
    const std::size_t bundle = bar < second_served_bar ? 0 : 1;
    ASSERT_EQ(reply.status, wire::Status::decided) << reply.reason;
    EXPECT_EQ(reply.fingerprint, loaded[bundle].manifest.fingerprint);
    EXPECT_EQ(reply.bundle_end_ms, loaded[bundle].manifest.train_end_ms);
    EXPECT_EQ(reply.macro_labels, loaded[bundle].regimes.labels);
    EXPECT_EQ(reply.weights, expected[bundle].weights);
    EXPECT_EQ(reply.convictions, expected[bundle].convictions);
    EXPECT_EQ(reply.macro_posterior, expected[bundle].macro_posterior);
    EXPECT_EQ(reply.micro_posterior, expected[bundle].micro_posterior);
    EXPECT_EQ(reply.regime, expected[bundle].regime);
    EXPECT_EQ(reply.predicted_volatility, expected[bundle].predicted_volatility);
    EXPECT_NE(expected[0].weights, expected[1].weights) << "the two bundles must differ to tell them apart";
    ++decided;
  }
  EXPECT_EQ(decided, market_bars - first_served_bar);
}

TEST(ModelBundles, StreamOfOtherSymbolsIsRejectedWithTheirNames) {
  const models::TemporaryFolder folder;
  const market::Panel panel = models::small_market(market_bars);
  write_walk_forward(panel, folder / "set");
  const auto bundles = load_served_bundles(folder / "set");
  Metrics metrics;
  DecisionService service(*bundles, {}, metrics, monotonic_ns);
  wire::DecisionRequest request = request_of(panel, 0, 1);
  request.symbols.back() = "ZZZ";
  const wire::DecisionReply reply = ask(service, request);
  EXPECT_EQ(reply.status, wire::Status::rejected);
  EXPECT_THAT(reply.reason, testing::HasSubstr("extra ZZZ"));
}

TEST(ModelBundles, FolderWithoutABundleIsRefused) {
  const models::TemporaryFolder folder;
  EXPECT_THROW(load_served_bundles(folder.path()), InputError);
  EXPECT_THROW(load_served_bundles(folder / "absent"), InputError);
}

}  // namespace
}  // namespace regent::server
