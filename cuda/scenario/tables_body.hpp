#pragma once
// How the bodies read what is an asset's own and what a regime says of assets and paths.
//
// ViewTables: as the view has them. RowTables: in rows that begin at multiples of 16 bytes, so that one load
// takes four numbers, and whose lengths are known where the loads are made; the GPU keeps them in shared
// memory. Both give the same numbers.

#include "cuda/scenario/view.hpp"

namespace regent::cuda::scenario {

// What a regime says of assets. Entries: of a row, 0 where the view alone knows. Places are as wide as
// pointers, so that those of neighbouring assets differ by constants.
template <int Entries, class R>
struct RegimeOfView {
  const float *loadings, *idiosyncratics, *drifts, *drifts_of_variance;
  std::ptrdiff_t stride;
  IndexOf<R> regime;
  REGENT_BODY R loading(std::ptrdiff_t asset, int factors, int factor) const {
    return lookup<Entries>(loadings + (asset * factors + factor) * stride, regime);
  }
  REGENT_BODY R idiosyncratic(std::ptrdiff_t asset) const {
    return lookup<Entries>(idiosyncratics + asset * stride, regime);
  }
  REGENT_BODY R drift(std::ptrdiff_t asset) const { return lookup<Entries>(drifts + asset * stride, regime); }
  REGENT_BODY R drift_of_variance(std::ptrdiff_t asset) const {
    return lookup<Entries>(drifts_of_variance + asset * stride, regime);
  }
};

// curves: each of the view's coefficients once for every lane, so that they are read where they are used.
template <int Entries>
struct ViewTables {
  const View& view;
  const float* curves = nullptr;  // [assets, curve_columns, lanes]
  REGENT_BODY std::ptrdiff_t stride() const { return Entries > 0 ? Entries : view.stride; }
  template <class R>
  REGENT_BODY RegimeOfView<Entries, R> in(IndexOf<R> regime) const {
    return {view.loadings, view.idiosyncratic, view.drift, view.drift_of_variance, stride(), regime};
  }
  template <class R>
  REGENT_BODY R leave(IndexOf<R> regime) const {
    return lookup<Entries>(view.leave, regime);
  }
  template <class R>
  REGENT_BODY R reach(int to, IndexOf<R> regime) const {
    return lookup<Entries>(view.reach + to * stride(), regime);
  }
  template <class R>
  REGENT_BODY R intensity(IndexOf<R> regime) const {
    return lookup<Entries>(view.intensity, regime);
  }
  template <class R>
  REGENT_BODY R spread(IndexOf<R> regime) const {
    return lookup<Entries>(view.spread, regime);
  }
  template <class R>
  REGENT_BODY R curve(std::ptrdiff_t asset, int degree) const {
    return Lanes<R>::load(curves + (asset * curve_columns + degree) * Lanes<R>::width);
  }
  REGENT_BODY float jump_scale(int asset) const { return view.jump_scale[asset]; }
  REGENT_BODY float beta(int asset) const { return view.beta[asset]; }
  REGENT_BODY float target(int asset) const { return view.target[asset]; }
};

enum LawColumn {
  law_loadings,
  law_idiosyncratic = law_loadings + 4,
  law_drift,
  law_drift_of_variance,
  law_columns = 8
};
enum RegimeColumn { regime_leave, regime_intensity, regime_spread, regime_columns = 4 };

// The row of a regime: [assets, law_columns].
struct RegimeOfRows {
  const float* law;
  REGENT_BODY float loading(int asset, int, int factor) const {
    return law[asset * law_columns + law_loadings + factor];
  }
  REGENT_BODY float idiosyncratic(int asset) const { return law[asset * law_columns + law_idiosyncratic]; }
  REGENT_BODY float drift(int asset) const { return law[asset * law_columns + law_drift]; }
  REGENT_BODY float drift_of_variance(int asset) const {
    return law[asset * law_columns + law_drift_of_variance];
  }
};

// For one lane and four factors.
template <int assets>
struct RowTables {
  static constexpr int regimes_max = 32;
  // eight more than there are: lanes in three regimes then read from different banks of shared memory
  static constexpr int law_row = assets * law_columns + 8;

  const float* curves;   // [assets, curve_columns]
  const float* betas;    // [assets]
  const float* scales;   // [assets] of jumps
  const float* targets;  // [assets]
  const float* paths;    // [regimes_max, regime_columns]
  const float* reached;  // [regimes_max, regimes_max]
  const float* laws;     // [regimes, law_row]

  REGENT_BODY static constexpr int size(int regimes) {
    return assets * (curve_columns + 3) + regimes_max * (regime_columns + regimes_max) + regimes * law_row;
  }
  // Rows that fill() has put at `from`.
  REGENT_BODY static RowTables at(const float* from) {
    const float *betas = from + assets * curve_columns, *paths = betas + 3 * assets;
    const float* reached = paths + regimes_max * regime_columns;
    return {
        from, betas, betas + assets, betas + 2 * assets, paths, reached, reached + regimes_max * regimes_max};
  }

  template <class R>
  REGENT_BODY RegimeOfRows in(std::uint32_t k) const {
    return {laws + static_cast<int>(k) * law_row};
  }
  template <class R>
  REGENT_BODY R leave(std::uint32_t k) const {
    return paths[k * regime_columns + regime_leave];
  }
  template <class R>
  REGENT_BODY R reach(int to, std::uint32_t k) const {
    return reached[to * regimes_max + static_cast<int>(k)];
  }
  template <class R>
  REGENT_BODY R intensity(std::uint32_t k) const {
    return paths[k * regime_columns + regime_intensity];
  }
  template <class R>
  REGENT_BODY R spread(std::uint32_t k) const {
    return paths[k * regime_columns + regime_spread];
  }
  template <class R>
  REGENT_BODY R curve(int asset, int degree) const {
    return curves[asset * curve_columns + degree];
  }
  REGENT_BODY float jump_scale(int asset) const { return scales[asset]; }
  REGENT_BODY float beta(int asset) const { return betas[asset]; }
  REGENT_BODY float target(int asset) const { return targets[asset]; }
};

// One of `parts` parts of the rows of a view, from the first.
template <int assets>
REGENT_BODY void fill_rows(const View& view, int part, int parts, float* to) {
  using Rows = RowTables<assets>;
  const int regimes = view.regimes;
  float *betas = to + assets * curve_columns, *paths = betas + 3 * assets;
  float* reached = paths + Rows::regimes_max * regime_columns;
  float* laws = reached + Rows::regimes_max * Rows::regimes_max;
  REGENT_UNROLL(1)
  for (int i = part; i < assets * curve_columns; i += parts)
    to[i] = view.curve == nullptr ? 0 : view.curve[i];
  REGENT_UNROLL(1)
  for (int asset = part; asset < assets; asset += parts) {
    betas[asset] = view.beta[asset];
    betas[assets + asset] = view.jump_scale[asset];
    betas[2 * assets + asset] = view.target[asset];
  }
  REGENT_UNROLL(1)
  for (int i = part; i < regimes * assets; i += parts) {
    const int k = i / assets, asset = i % assets, at = asset * view.stride + k;
    float* law = laws + k * Rows::law_row + asset * law_columns;
    for (int f = 0; f < 4; ++f) law[law_loadings + f] = view.loadings[(asset * 4 + f) * view.stride + k];
    law[law_idiosyncratic] = view.idiosyncratic[at];
    law[law_drift] = view.drift[at];
    if (view.drift_of_variance != nullptr) law[law_drift_of_variance] = view.drift_of_variance[at];
  }
  REGENT_UNROLL(1)
  for (int k = part; k < regimes; k += parts) {
    paths[k * regime_columns + regime_leave] = view.leave[k];
    paths[k * regime_columns + regime_intensity] = view.intensity[k];
    paths[k * regime_columns + regime_spread] = view.spread[k];
    REGENT_UNROLL(1)
    for (int next = 0; next < regimes; ++next)
      reached[next * Rows::regimes_max + k] = view.reach[next * view.stride + k];
  }
}

}  // namespace regent::cuda::scenario
