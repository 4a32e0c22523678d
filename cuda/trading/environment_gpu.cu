// One thread per lane. The lanes live in host memory between steps (the policy's observations are gathered
// there), so each step sends every lane's own market data and state in one copy and brings the result back in
// one.

#include <vector>

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/trading/environment_body.hpp"
#include "cuda/trading/environment_check.hpp"

namespace regent::cuda::detail {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

struct LaneInput {
  LaneState state;
  float action, execution_return, volatility_scale;
};

struct LaneOutput {
  LaneState state;
  float reward, net_return;
  std::uint8_t done, frozen;
};

__global__ void step_kernel(const LaneInput* inputs, LaneOutput* outputs, std::uint32_t lanes,
                            LaneRules rules) {
  const std::uint32_t lane = blockIdx.x * blockDim.x + threadIdx.x;
  if (lane >= lanes) return;
  const LaneInput in = inputs[lane];
  LaneOutput out{in.state, 0, 0, 0, 0};
  const LaneOutcome outcome =
      environment_step_body(in.state.position, in.action, in.execution_return, in.volatility_scale,
                            rules.cost_rate, rules.risk_aversion);
  out.reward = outcome.reward;
  out.net_return = outcome.net_return;
  out.frozen = outcome.frozen ? 1 : 0;
  out.done = advance_lane_body(out.state, outcome, rules, lane);
  outputs[lane] = out;
}

std::vector<LaneInput> gather(const StepArguments& a) {
  std::vector<LaneInput> inputs(a.state.bar.size());
  for (std::size_t lane = 0; lane < inputs.size(); ++lane) {
    const LaneState state = lane_state(a.state, lane);
    const std::size_t cell =
        static_cast<std::size_t>(state.bar) * a.data.symbols + static_cast<std::size_t>(state.symbol);
    inputs[lane] = {state, a.io.action[lane], a.data.execution_return[cell], a.data.volatility_scale[cell]};
  }
  return inputs;
}

void scatter(const StepArguments& a, const std::vector<LaneOutput>& outputs) {
  for (std::size_t lane = 0; lane < outputs.size(); ++lane) {
    const LaneOutput& out = outputs[lane];
    set_lane_state(a.state, lane, out.state);
    a.io.reward[lane] = out.reward;
    a.io.net_return[lane] = out.net_return;
    a.io.done[lane] = out.done;
    if (!a.io.frozen.empty()) a.io.frozen[lane] = out.frozen;
  }
}

}  // namespace

void step_gpu(const Resources& resources, const StepArguments& arguments) {
  const cudaStream_t stream = resources.gpu()->stream;
  const std::vector<LaneInput> inputs = gather(arguments);
  const DeviceBuffer<LaneInput> device_inputs(std::span<const LaneInput>(inputs), stream);
  const DeviceBuffer<LaneOutput> device_outputs(inputs.size());
  constexpr std::uint32_t block = 256;
  const auto lanes = static_cast<std::uint32_t>(inputs.size());
  REGENT_CUDA_LAUNCH(step_kernel, (lanes + block - 1) / block, block, 0, stream, device_inputs.data(),
                     device_outputs.data(), lanes, arguments.rules);
  scatter(arguments, device_outputs.to_host(stream));  // waits for the stream
}

}  // namespace regent::cuda::detail
