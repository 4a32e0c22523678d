"""The benchmark's model in vectorised NumPy: float32, arrays over paths, a loop over steps, in chunks of paths that stay
in the second-level cache; the faster of several ways of writing it."""

import math

import numpy as np

CHUNK = 2048
SQUARE_MAX = np.float32(18.189294)  # from there on own shocks are Gaussian


class Model:
    def __init__(self, law):
        self.regimes = len(law["start"])
        self.assets = len(law["drift"]) // self.regimes
        self.factors = len(law["loadings"]) // len(law["drift"])
        shape = (self.regimes, self.assets)
        self.thresholds = np.cumsum(np.reshape(law["transition"], (self.regimes, -1)), axis=1)[:, :-1].astype(np.float32)
        self.drift = np.reshape(law["drift"], shape).astype(np.float32)
        self.loadings = np.reshape(law["loadings"], (*shape, self.factors)).astype(np.float32)
        self.idiosyncratic = np.reshape(law["idiosyncratic"], shape).astype(np.float32)
        self.curves = np.array(law["curves"]).T.astype(np.float32)  # [coefficients, assets]
        intensity = np.array(law["intensity"])
        # P(N > 0), P(N > 1), P(N > 2)
        none = np.exp(-intensity)
        self.more = np.stack([1 - none, 1 - none * (1 + intensity), 1 - none * (1 + intensity + intensity**2 / 2)]).astype(np.float32)
        self.jump_mean, self.jump_deviation = np.float32(law["jump_mean"]), np.float32(law["jump_deviation"])
        self.participation = law["participation"]
        self.own = OwnVolatility(law["persistence"], law["response"]) if law["apart"] else None


class OwnVolatility:
    """h' = persistence·h + response·(|z| − E|z|) and u = exp(h)/E exp(h); what is kept is log2 √u, which bend() adds to
    its own power of two."""

    def __init__(self, persistence, response):
        usual = math.sqrt(2 / math.pi)
        lags = [response * persistence**lag for lag in range(5000)]
        # E exp(a·|z|) = 2·exp(a²/2)·Φ(a)
        mean = sum(a * a / 2 + math.log1p(math.erf(a / math.sqrt(2))) - a * usual for a in lags)
        half = 0.5 / math.log(2)
        self.centre = -half * mean
        self.spread = half * response * math.sqrt((1 - usual**2) / (1 - persistence**2))
        self.persistence, self.response = np.float32(persistence), np.float32(half * response)
        self.base = np.float32((1 - persistence) * self.centre - half * response * usual)

    def start(self, rng, shape):
        return np.float32(self.spread) * rng.standard_normal(shape, dtype=np.float32) + np.float32(self.centre)

    def move(self, logarithms, sizes):
        """By |z|, which `sizes` is and does not stay, in place."""
        logarithms *= self.persistence
        logarithms += self.base
        sizes *= self.response
        logarithms += sizes


def bend(model, z, logarithms):
    """Own shocks with Student-t tails, and volatilities of their own, from standard normals, in place."""
    square = np.minimum(z * z, SQUARE_MAX)
    multiple = square * model.curves[-1]
    for coefficient in model.curves[-2:0:-1]:
        multiple += coefficient
        multiple *= square
    multiple += model.curves[0]
    z *= multiple
    if logarithms is not None:
        z *= np.exp2(logarithms, out=multiple)


def log_returns(model, rng, regime, normals, logarithms, out):
    own = normals[:, model.factors:]
    sizes = np.abs(own) if model.own else None
    bend(model, own, logarithms)
    if model.own:
        model.own.move(logarithms, sizes)
    for k in range(model.regimes):
        rows = np.flatnonzero(regime == k)
        z = normals[rows]
        out[rows] = z[:, :model.factors] @ model.loadings[k].T + model.idiosyncratic[k] * z[:, model.factors:] + model.drift[k]
    u = rng.random(len(regime), dtype=np.float32)
    hit = np.flatnonzero(u < model.more[0][regime])
    if len(hit):
        count = sum((u[hit] < more[regime[hit]]).astype(np.float32) for more in model.more)
        size = rng.standard_normal(len(hit), dtype=np.float32)
        jump = count * model.jump_mean + np.sqrt(count) * model.jump_deviation * size
        out[hit] += jump[:, None] * (rng.random((len(hit), model.assets), dtype=np.float32) < model.participation)
    return np.expm1(out, out=out)


def run_chunk(model, rng, paths, steps, rate):
    regime = np.zeros(paths, dtype=np.int64)
    target = np.float32(1 / model.assets)
    equity = np.full(paths, 1 - rate)
    height, lowest, turnover = equity.copy(), equity.copy(), np.zeros(paths)
    returns = np.empty((paths, model.assets), dtype=np.float32)
    normals = np.empty((paths, model.factors + model.assets), dtype=np.float32)
    logarithms = model.own.start(rng, (paths, model.assets)) if model.own else None
    for step in range(steps):
        if step:
            u = rng.random(paths, dtype=np.float32)
            regime = (u[:, None] >= model.thresholds[regime]).sum(axis=1)
        rng.standard_normal(dtype=np.float32, out=normals)
        r = log_returns(model, rng, regime, normals, logarithms, returns)
        earned = target * r.sum(axis=1)
        r += np.float32(1)
        r *= (target / (1 + earned))[:, None]
        r -= target
        traded = np.abs(r, out=r).sum(axis=1)
        factor = (1 + earned.astype(np.float64)) * (1 - np.float32(rate) * traded)
        equity *= factor
        height *= factor
        np.minimum(height, 1, out=height)
        np.minimum(lowest, height, out=lowest)
        turnover += traded
    return equity, 1 - lowest, turnover


def run(law, paths, steps, rate, seed=1):
    model = Model(law)
    rng = np.random.Generator(np.random.SFC64(seed))
    parts = [run_chunk(model, rng, min(CHUNK, paths - first), steps, rate) for first in range(0, paths, CHUNK)]
    return tuple(np.concatenate(column) for column in zip(*parts))
