// Groups of paths in vector registers; compiled once per instruction set (see regent_lanes in
// cuda/CMakeLists.txt).

#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"

namespace regent::cuda::scenario::detail {
namespace REGENT_INSTRUCTION_SET {
namespace {

using Real = scenario::REGENT_INSTRUCTION_SET::Real;

PathNumber<Real> path_of(const Group& group) {
  return {Lanes<Real>::load_index(group.low), Lanes<Real>::load_index(group.high)};
}

template <class Size, int Entries, bool FromHistory, bool Recorded>
void path(const View& view, const Group& group, const OutcomeView& out, const RecordView& record,
          float* work) {
  auto* reals = reinterpret_cast<Real*>(work);
  Real* const factor = reals + view.assets;
  Real* const own_logs = factor + view.factors;
  Real* const curves = own_logs + view.assets;
  for (int i = 0; view.curve != nullptr && i < view.assets * curve_columns; ++i)
    curves[i] = Lanes<Real>::all(view.curve[i]);
  path_body<Size, FromHistory, Recorded>(
      view, ViewTables<Entries>{view, reinterpret_cast<const float*>(curves)}, path_of(group), out, record,
      group.at, PerAsset<Real>{reals}, factor, PerAsset<Real>{own_logs});
}

template <bool Recorded>
void any_path(const View& view, const Group& group, const OutcomeView& out, const RecordView& record,
              float* work) {
  if (view.bars > 0) {
    path<AnySizes, 0, true, Recorded>(view, group, out, record, work);
  } else if (view.stride == 8) {
    path<AnySizes, 8, false, Recorded>(view, group, out, record, work);
  } else if (view.stride == 16) {
    path<AnySizes, 16, false, Recorded>(view, group, out, record, work);
  } else {
    path<AnySizes, 32, false, Recorded>(view, group, out, record, work);
  }
}

void run(const View& view, const Group& group, const OutcomeView& out, float* work) {
  any_path<false>(view, group, out, {}, work);
}

void normals_alone(const View& view, const Group& group, std::int64_t count, double* sums) {
  Real sum = Lanes<Real>::all(0.0F);
  const PathNumber<Real> number = path_of(group);
  for (std::int64_t draw = 0; draw < count / 4; ++draw) {
    const Four<Real> four = normals<Real>(
        philox(view.keys, number, static_cast<std::uint32_t>(draw), 0, Purpose::scenario_diffusion));
    sum = sum + ((four.v[0] + four.v[1]) + (four.v[2] + four.v[3]));
  }
  Lanes<Real>::store_double(sums, sum);
}

}  // namespace

const LaneKernel& kernel() {
  static constexpr LaneKernel entries{Lanes<Real>::width, run, any_path<true>, normals_alone};
  return entries;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::scenario::detail
