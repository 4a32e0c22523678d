#pragma once
// What real markets show and a dream must show too: Cont's (2001) stylised facts, and the tails of a set of
// strategies (the test of Tail-GAN: Cont, Cucuringu, Xu, Zhang 2022).

#include <span>
#include <string>
#include <vector>

namespace regent::scenario {

struct Fact {
  std::string name, unit;
  double value = 0;  // NaN where the sample is too short for it
};

// log_returns: [bars, assets], finite; weights: [assets] of the portfolio. Of the portfolio's simple returns
// at constant weights: volatility, skewness, excess kurtosis, the Hill (1975) index of the worst 5 %,
// autocorrelation of returns and of absolute returns, leverage (correlation of a return with the mean squared
// return of the next ten bars), excess kurtosis of sums of 5 and 20 bars; of the assets the mean of kurtosis,
// of VaR and ES (simple returns, two bars beyond the level at least), and of pairwise correlations, in all
// bars and in the market's worst 5 %.
std::vector<Fact> stylised_facts(std::span<const double> log_returns, std::size_t assets,
                                 std::span<const double> weights);

// VaR and ES (95 %, per bar, no costs) of strategies that know only the bars before: constant equal weights,
// weights by inverse volatility, long and short by the last 20 bars' return (momentum) and against the last
// 5's (reversal), the market when its last 50 bars rose (trend), and half the assets against the other half.
std::vector<Fact> strategy_tails(std::span<const double> log_returns, std::size_t assets);

// A fact of history beside the same of dreamed paths of the same length: their mean and the band that holds
// the middle 95 % of them. `within`: history lies in the band.
struct Comparison {
  std::string name, unit;
  double real = 0, dreamed = 0, low = 0, high = 0;
  bool within = false;
};
std::vector<Comparison> compare(const std::vector<Fact>& real, const std::vector<std::vector<Fact>>& dreamed);

}  // namespace regent::scenario
