#include "allocation/walk_forward.hpp"

#include <cmath>
#include <map>
#include <utility>

#include "allocation/rebalancer.hpp"
#include "base/error.hpp"

namespace regent::allocation {
namespace {

using market::Column;

// One candidate on its way.
class Book {
 public:
  Book(const Candidate& candidate, std::size_t symbols, const market::PortfolioCosts& costs)
      : candidate_(candidate), rebalancer_(candidate.settings, symbols), account_(costs, symbols) {
    held.name = candidate.name;
  }
  void update(std::span<const double> closes) { rebalancer_.update(closes); }
  const AllocatorSettings& settings() const { return candidate_.settings; }
  void decide(std::size_t bar, const Exposures& exposures, const std::string& regime);
  // The decision of `bar`, or none, through the next two bars' execution prices.
  void trade(const market::Panel& panel, std::size_t bar, bool decided);
  void finish() { held.account = account_.result(); }

  Held held;

 private:
  Weights decided(const Exposures& exposures, const std::string& regime);

  const Candidate& candidate_;
  Rebalancer rebalancer_;
  market::PortfolioBacktest account_;
};

Weights Book::decided(const Exposures& exposures, const std::string& regime) {
  if (candidate_.fully_invested) return fully_invested(exposures, candidate_.settings);
  const auto found = candidate_.settings.regime_risk.find(regime);
  const double multiplier = found == candidate_.settings.regime_risk.end() ? 1.0 : found->second;
  return rebalancer_.decide(exposures, multiplier);
}

void Book::decide(std::size_t bar, const Exposures& exposures, const std::string& regime) {
  held.last = decided(exposures, regime);
  held.bars.push_back(bar);
  held.regimes.push_back(regime);
  held.weights.insert(held.weights.end(), held.last.weights.begin(), held.last.weights.end());
  held.predicted.push_back(held.last.predicted_volatility);
}

// Candidates of one sizing have the same exposures, found once a decision.
class Solved {
 public:
  Solved(const KnownRisk& risk, const Wish& wish) : risk_(risk), wish_(wish) {}
  const Exposures& by(const AllocatorSettings& settings) {
    const auto [at, is_new] = found_.try_emplace({settings.sizing, settings.hedges});
    if (is_new) at->second = exposures_of(risk_, wish_.convictions, settings);
    return at->second;
  }

 private:
  const KnownRisk& risk_;
  const Wish& wish_;
  std::map<std::pair<Sizing, bool>, Exposures> found_;
};

void Book::trade(const market::Panel& panel, std::size_t bar, bool decided) {
  const auto column = panel.execution_column();
  const auto weights = decided ? std::span<const double>(held.last.weights) : std::span<const double>{};
  account_.step(weights, panel.bar(bar + 1)[column], panel.bar(bar + 2)[column]);
}

}  // namespace

RiskSource::RiskSource(std::size_t symbols, const RiskSettings& risk, const AllocatorSettings& settings)
    : settings_(settings) {
  if (risk.estimator == Estimator::ewma) {
    ewma_ = std::make_unique<EwmaRisk>(symbols, settings);
  } else {
    window_ = std::make_unique<WindowRisk>(symbols, risk.estimator, risk.window);
  }
}

void RiskSource::update(std::span<const double> closes) {
  if (ewma_) ewma_->update(closes);
  if (window_) window_->update(closes);
}

KnownRisk RiskSource::known() const {
  return ewma_ ? ewma_->known(settings_) : window_->known(settings_);
}

WalkForward walk_forward(const market::Panel& panel, const RiskSettings& risk,
                         const std::vector<Candidate>& candidates, const Wishes& wishes, std::size_t first,
                         std::size_t every, const market::PortfolioCosts& costs) {
  REGENT_INVARIANT(every > 0 && !candidates.empty(), "a walk needs steps and a candidate");
  const std::size_t symbols = panel.symbol_count();
  WalkForward walk;
  std::vector<Book> books;
  for (const Candidate& candidate : candidates) books.emplace_back(candidate, symbols, costs);
  RiskSource source(symbols, risk, candidates.front().settings);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const auto closes = panel.bar(bar)[Column::close];
    source.update(closes);
    for (Book& book : books) book.update(closes);
    const bool decided = bar >= first && (bar - first) % every == 0;
    if (decided) {
      walk.last_risk = priced(source.known(), closes);
      walk.last_bar = bar;
      const Wish wish = wishes(bar);
      Solved solved(walk.last_risk, wish);
      for (Book& book : books) book.decide(bar, solved.by(book.settings()), wish.regime);
    }
    if (bar < first || bar + 2 >= panel.bars()) continue;
    for (Book& book : books) book.trade(panel, bar, decided);
    walk.period_ends.push_back(bar + 2);
  }
  for (Book& book : books) {
    book.finish();
    walk.portfolios.push_back(std::move(book.held));
  }
  return walk;
}

}  // namespace regent::allocation
