"""dynamax's side of the benchmark: in fp32, compiled for this CPU, a process's share of the series in groups that vmap
batches; shares.py says how it is asked."""

import functools
import os
import pathlib
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
# XLA's own threads, and those of SciPy's OpenBLAS that it calls. Cores as devices of one process
# (xla_force_host_platform_device_count) would call OpenBLAS at the same time; with threads of its own it never comes back.
for variable in ("NPROC", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from dynamax.hidden_markov_model import GaussianHMM  # noqa: E402
from dynamax.hidden_markov_model.models.gaussian_hmm import ParamsGaussianHMM, ParamsGaussianHMMEmissions  # noqa: E402
from dynamax.hidden_markov_model.models.initial import ParamsStandardHMMInitialState  # noqa: E402
from dynamax.hidden_markov_model.models.transitions import ParamsStandardHMMTransitions  # noqa: E402
from dynamax.parameters import ParameterProperties  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "hmm"))
from shares import FEATURES, serve  # noqa: E402

# Priors off, so that EM walks the same way as ours. A Dirichlet whose weight is exactly one has no mode where a count is
# zero; a covariance is scatter / (bars + D + extra_df + D + 2), and dynamax takes an extra_df as low as this one only as an
# argument of a compiled function, which hides its value.
NO_PRIOR = {"initial_probs_concentration": 1 + 1e-4, "transition_matrix_concentration": 1 + 1e-4,
            "emission_prior_concentration": 0.0, "emission_prior_scale": 0.0}
NO_EXTRA_DF = -2.0 * FEATURES - 2

GROUP = 32  # series at once: all of a share leave the caches and take longer

compiled = {}  # by case, kept between rounds


def arranged(start, transition, means, covariances):
    """As GaussianHMM.initialize arranges them, without the draw from the prior that it makes in any case."""
    return ParamsGaussianHMM(ParamsStandardHMMInitialState(start), ParamsStandardHMMTransitions(transition),
                             ParamsGaussianHMMEmissions(means, covariances))


EACH_IS_FITTED = arranged(*[ParameterProperties()] * 4)


def start_of(parameters):
    states = len(parameters["start"])
    shapes = {"start": (states,), "transition": (states, states), "means": (states, FEATURES),
              "covariances": (states, FEATURES, FEATURES)}
    return arranged(*(jnp.array(parameters[name], dtype=jnp.float32).reshape(shape) for name, shape in shapes.items()))


def group_of(parameters, series):
    starts = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(series), *leaf.shape)), start_of(parameters))
    return starts, jnp.array(series, dtype=jnp.float32)


def em_iteration(states, extra_df, parameters, observations):
    model = GaussianHMM(states, FEATURES, emission_prior_extra_df=extra_df, **NO_PRIOR)
    counts, log_likelihood = model.e_step(parameters, observations)
    batch_of_one = jax.tree.map(lambda leaf: leaf[None], counts)
    m_step_state = model.initialize_m_step_state(parameters, EACH_IS_FITTED)
    return model.m_step(parameters, EACH_IS_FITTED, batch_of_one, m_step_state)[0], log_likelihood


def filtered(states, _, parameters, observations):
    posterior = GaussianHMM(states, FEATURES).filter(parameters, observations)
    return posterior.filtered_probs, posterior.marginal_loglik


def fit(batch, iterations, parameters, observations):
    history = []
    for _ in range(iterations):
        parameters, log_likelihoods = batch(NO_EXTRA_DF, parameters, observations)
        history.append(log_likelihoods)
    jax.block_until_ready(parameters)
    return [sum_of(log_likelihoods) for log_likelihoods in history]


def filter_once(batch, _, parameters, observations):
    return [sum_of(jax.block_until_ready(batch(NO_EXTRA_DF, parameters, observations))[1])]


def sum_of(log_likelihoods):
    return float(np.asarray(log_likelihoods, dtype=np.float64).sum())


def prepare(case, parameters, iterations, series):
    one, run = (filtered, filter_once) if case == "filter_batch" else (em_iteration, fit)
    if case not in compiled:
        compiled[case] = jax.jit(jax.vmap(functools.partial(one, len(parameters["start"])), in_axes=(None, 0, 0)))
    groups = [group_of(parameters, series[i:i + GROUP]) for i in range(0, len(series), GROUP)]

    def over_groups(count):
        return np.sum([run(compiled[case], count, *group) for group in groups], axis=0).tolist()

    over_groups(1)  # compiles
    return lambda: over_groups(iterations)


if __name__ == "__main__":
    serve(prepare)
