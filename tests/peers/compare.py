"""regent hmm beside hmmlearn, statsmodels and pomegranate: the same parameters and data in, the same numbers out.

Prints a table of differences and fails where one is larger than it may be: 1e-6 in double (log-likelihoods relative,
posteriors absolute), 1e-4 in float. A peer that cannot be imported is named as skipped.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import types

import numpy as np

TOLERANCE = {"double": 1e-6, "float": 1e-4}
EM_STEPS = 20


class Report:
    def __init__(self):
        self.failed = False

    def row(self, case, what, difference, limit):
        wrong = not difference <= limit
        self.failed |= wrong
        print(f"{case:<26} {what:<52} {difference:10.2e}  {'WRONG, above' if wrong else 'within'} {limit:g}", flush=True)


def relative(a, b):
    return abs(a - b) / max(1.0, abs(b))


class Regent:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __call__(self, verb, *arguments):
        done = subprocess.run([self.program, verb, *map(str, arguments), "--json"], capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            sys.exit(f"regent hmm {verb} {' '.join(map(str, arguments))}: {done.stderr}")
        return json.loads(done.stdout)


class Case:
    """Series of the same features, and the table that both sides read (17 digits: the same doubles)."""

    def __init__(self, name, series, folder):
        self.name, self.series = name, series
        self.bars, self.dimension = sum(map(len, series)), series[0].shape[1]
        self.lengths = [len(one) for one in series]
        self.features = [f"x{d}" for d in range(self.dimension)]
        self.table = f"{name}.csv"
        with open(folder / self.table, "w") as out:
            out.write(",".join(["symbol", *self.features]) + "\n")
            for i, one in enumerate(series):
                for row in one:
                    out.write(f"s{i:04}," + ",".join(repr(float(value)) for value in row) + "\n")

    @property
    def stacked(self):
        return np.concatenate(self.series)


def read_gz(path):
    import gzip
    with gzip.open(path, "rt") as lines:
        header = next(lines).rstrip("\n").split(",")
        return header, np.array([[float(cell) for cell in line.split(",")] for line in lines])


def crypto_bars(path, bars_max):
    """Log return and log range of an hour, in percent."""
    header, table = read_gz(path)
    column = {name: i for i, name in enumerate(header)}
    table = table[:bars_max]
    close, high, low = (table[:, column[name]] for name in ("close", "high", "low"))
    bars = np.column_stack([np.diff(np.log(close)), np.log(high / low)[1:]])
    return 100 * bars


def equity_bars(path):
    """Mean and dispersion of the day's log returns of all stocks, in percent."""
    _, table = read_gz(path)
    returns = 100 * np.diff(np.log(table[:, 1:]), axis=0)
    return np.column_stack([returns.mean(axis=1), returns.std(axis=1)])


def make_cases(data, folder):
    pairs = sorted((data / "crypto_1h").glob("*.csv.gz"))
    return [Case("bitcoin_hourly", [crypto_bars(data / "crypto_1h/BTCUSDT_1h.csv.gz", 20_000)], folder),
            Case(f"{len(pairs)}_pairs_hourly", [crypto_bars(path, 2_000 + 97 * i) for i, path in enumerate(pairs)], folder),
            Case("348_stocks_daily", [equity_bars(data / "equity_1d/us_equity_adjclose_2000_2021_wide.csv.gz")], folder)]


def write_model(path, features, start, transition, means, covariances):
    emission = {"kind": "gaussian", "means": means.tolist(), "covariances": covariances.tolist()}
    path.write_text(json.dumps({"format": "regent-hmm/1", "features": features, "start": start.tolist(),
                                "transition": transition.tolist(), "emission": emission}))


def read_model(path):
    model = json.loads(path.read_text())
    emission = model["emission"]
    return tuple(map(np.array, (model["start"], model["transition"], emission["means"], emission["covariances"])))


def answers(regent, verb, model, case, precision):
    said = regent(verb, "--model", model, "--data", case.table, "--precision", precision)
    return said, np.concatenate([np.array(one["posteriors"]) for one in said["series"]])


def hmmlearn_model(parameters, **settings):
    from hmmlearn.hmm import GaussianHMM
    start, transition, means, covariances = parameters
    model = GaussianHMM(n_components=len(start), covariance_type="full", init_params="", **settings)
    model.startprob_, model.transmat_, model.means_, model.covars_ = start, transition, means, covariances
    return model


def check_hmmlearn(regent, case, model_file, report):
    parameters = read_model(regent.folder / model_file)
    for implementation in ("log", "scaling"):
        model = hmmlearn_model(parameters, implementation=implementation)
        score = model.score(case.stacked, case.lengths)
        posteriors = model.predict_proba(case.stacked, case.lengths)
        for precision, limit in TOLERANCE.items():
            said, ours = answers(regent, "smooth", model_file, case, precision)
            name = f"hmmlearn {implementation}, {precision}"
            report.row(case.name, f"{name}: log-likelihood", relative(said["log_likelihood"], score), limit)
            report.row(case.name, f"{name}: smoothed posteriors", np.abs(ours - posteriors).max(), limit)
    _, path = model.decode(case.stacked, case.lengths)
    said = regent("decode", "--model", model_file, "--data", case.table)
    ours = np.concatenate([one["path"] for one in said["series"]])
    report.row(case.name, "hmmlearn, double: share of the path that differs", np.mean(ours != path), 0)


def check_em(regent, case, model_file, report):
    """From the same start, priors off: after EM_STEPS steps both have the same parameters, states in any order."""
    start, transition, means, covariances = read_model(regent.folder / model_file)
    draw = np.random.default_rng(20260101)
    states = len(start)
    first = (np.full(states, 1 / states), 0.5 * transition + 0.5 / states, means + 0.1 * draw.normal(size=means.shape) * means.std(axis=0),
             1.5 * covariances)
    write_model(regent.folder / "start.json", case.features, *first)
    theirs = hmmlearn_model(first, implementation="log", n_iter=EM_STEPS, tol=-np.inf, covars_prior=0, min_covar=0)
    theirs.fit(case.stacked, case.lengths)
    off = [f"--set={key}" for key in ("hmm.dirichlet=1", "hmm.sticky=0", "hmm.inverse_wishart_strength=0", "hmm.covariance_floor=1e-9",
                                      "hmm.tolerance=0", f"hmm.iterations_max={EM_STEPS + 1}")]
    regent("fit", "--data", case.table, "--pooled", "--start", "start.json", "--restarts", 0, "--precision", "double", "--out", "em.json", *off)
    ours = read_model(regent.folder / "em.json")
    order = [int(np.abs(theirs.means_ - mean).sum(axis=1).argmin()) for mean in ours[2]]
    expected = (theirs.startprob_[order], theirs.transmat_[np.ix_(order, order)], theirs.means_[order], theirs.covars_[order])
    for name, a, b in zip(("start", "transition", "means", "covariances"), ours, expected):
        report.row(case.name, f"hmmlearn, {EM_STEPS} EM steps from one start: {name}", np.abs(a - b).max() / max(1, np.abs(b).max()), 1e-6)
    said = regent("score", "--model", "em.json", "--data", case.table)
    report.row(case.name, f"hmmlearn, {EM_STEPS} EM steps: log-likelihood",
               relative(said["log_likelihood"], theirs.score(case.stacked, case.lengths)), 1e-6)


def check_statsmodels(regent, case, report):
    """Switching mean and variance of the first feature, begun at the chain's long run as statsmodels does."""
    import warnings
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression
    series = case.series[0][:, :1]
    single = Case(f"{case.name}_returns", [series], regent.folder)
    regent("fit", "--data", single.table, "--states", 3, "--seed", 1, "--out", "returns.json")
    _, transition, means, covariances = read_model(regent.folder / "returns.json")
    values, vectors = np.linalg.eig(transition.T)
    long_run = np.real(vectors[:, np.argmax(np.real(values))])
    long_run /= long_run.sum()
    write_model(regent.folder / "returns.json", single.features, long_run, transition, means, covariances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = MarkovRegression(series[:, 0], k_regimes=3, trend="c", switching_variance=True)
        # P(to | from) for every `to` but the last, `from` fastest; then means, then variances
        result = peer.smooth(np.concatenate([transition[:, :-1].T.ravel(), means[:, 0], covariances[:, 0, 0]]))
    for precision, limit in TOLERANCE.items():
        said, filtered = answers(regent, "filter", "returns.json", single, precision)
        _, smoothed = answers(regent, "smooth", "returns.json", single, precision)
        report.row(case.name, f"statsmodels, {precision}: log-likelihood", relative(said["log_likelihood"], result.llf), limit)
        report.row(case.name, f"statsmodels, {precision}: filtered posteriors",
                   np.abs(filtered - result.filtered_marginal_probabilities).max(), limit)
        report.row(case.name, f"statsmodels, {precision}: smoothed posteriors",
                   np.abs(smoothed - result.smoothed_marginal_probabilities).max(), limit)


def import_pomegranate():
    # only its k-means start needs apricot, which is no wheel
    stub = types.ModuleType("apricot")
    stub.FeatureBasedSelection = stub.FacilityLocationSelection = None
    sys.modules.setdefault("apricot", stub)
    import torch
    torch.set_default_dtype(torch.float64)
    from pomegranate.distributions import Normal
    from pomegranate.hmm import DenseHMM
    return torch, Normal, DenseHMM


def check_pomegranate(regent, case, model_file, report, modules):
    torch, Normal, DenseHMM = modules
    start, transition, means, covariances = read_model(regent.folder / model_file)
    laws = [Normal(torch.tensor(mean), torch.tensor(covariance)) for mean, covariance in zip(means, covariances)]
    # its chains may end; with the same probability from every state the posteriors stay, and its logarithm is known
    ends = torch.full((len(start),), 1.0)
    model = DenseHMM(laws, edges=torch.tensor(transition), starts=torch.tensor(start), ends=ends)
    series = case.series[0]
    x = torch.tensor(series[None])
    alone = Case(f"{case.name}_first", [series], regent.folder)
    said, ours = answers(regent, "smooth", model_file, alone, "double")
    report.row(case.name, "pomegranate, double: log-likelihood",
               relative(said["log_likelihood"], float(model.log_probability(x)[0])), 1e-6)
    report.row(case.name, "pomegranate, double: smoothed posteriors", np.abs(ours - model.predict_proba(x)[0].numpy()).max(), 1e-6)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    try:
        modules = import_pomegranate()
    except (ImportError, OSError) as error:
        print(f"skipped: pomegranate ({str(error).splitlines()[0]}); scripts/check-peers --with-pomegranate installs it")
        modules = None
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        regent = Regent(str(pathlib.Path(options.program).resolve()), folder)
        for case in make_cases(options.data, folder):
            print(f"-- {case.name}: {len(case.series)} series, {case.bars} bars, {case.dimension} features")
            regent("fit", "--data", case.table, "--pooled", "--states", 3, "--seed", 1, "--out", "model.json")
            check_hmmlearn(regent, case, "model.json", report)
            check_em(regent, case, "model.json", report)
            check_statsmodels(regent, case, report)
            if modules:
                check_pomegranate(regent, case, "model.json", report, modules)
    print("differences larger than they may be" if report.failed else "all within their limits")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
