"""pomegranate's side of the benchmark: in fp32, a process's share of the series in batches; shares.py says how it is asked.
With `cuda` as third argument it runs on the GPU.

It fits one model to all series of a share: its way to batch, and faster for it than a model for each, since every call of
torch serves them all."""

import os
import sys
import types

os.environ["OMP_NUM_THREADS"] = "1"  # one process per core
# only its k-means start needs apricot, which is no wheel
stub = types.ModuleType("apricot")
stub.FeatureBasedSelection = stub.FacilityLocationSelection = None
sys.modules.setdefault("apricot", stub)

import pathlib  # noqa: E402

import torch  # noqa: E402
from pomegranate.distributions import Normal  # noqa: E402
from pomegranate.hmm import DenseHMM  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "hmm"))
from shares import FEATURES, serve  # noqa: E402

DEVICE = sys.argv[3] if len(sys.argv) > 3 else "cpu"
# numbers of a batch's largest array, the joint posteriors of neighbouring bars [series, bars, states²]
BATCH_NUMBERS = 1 << (30 if DEVICE == "cuda" else 24)


def model_of(parameters):
    states = len(parameters["start"])

    def tensor(name, *shape):
        return torch.tensor(parameters[name], dtype=torch.float32).reshape(shape)

    laws = [Normal(mean, covariance) for mean, covariance in
            zip(tensor("means", states, FEATURES), tensor("covariances", states, FEATURES, FEATURES))]
    # its chains may end; with a probability of one from every state the likelihoods are those of chains that do not
    return DenseHMM(laws, edges=tensor("transition", states, states), starts=tensor("start", states),
                    ends=torch.ones(states)).to(DEVICE)


def fit(model, iterations, batches):
    history = []
    for _ in range(iterations):
        history.append(sum(float(model.summarize(batch).double().sum()) for batch in batches))
        model.from_summaries()
    return history


def filter_once(model, _, batches):
    total = 0.0
    for batch in batches:
        joint = model.forward(batch)  # log P(state, bars so far)
        torch.softmax(joint, dim=2)
        total += float(torch.logsumexp(joint[:, -1], dim=1).double().sum())
    return [total]


def prepare(case, parameters, iterations, series):
    torch.set_num_threads(1)
    run = filter_once if case == "filter_batch" else fit
    bars, states = series.shape[1], len(parameters["start"])
    size = max(1, BATCH_NUMBERS // (bars * states**2))
    batches = torch.tensor(series, dtype=torch.float32, device=DEVICE).split(size)
    run(model_of(parameters), 1, [batches[0][:, :64]])  # first calls
    model = model_of(parameters)

    def timed():
        with torch.no_grad():
            result = run(model, iterations, batches)
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            return result

    return timed


if __name__ == "__main__":
    serve(prepare)
