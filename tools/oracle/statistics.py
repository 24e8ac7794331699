"""Writes packages/evaluation/src/goldens/statistics.json: paired bootstraps as scipy and numpy do them.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy==2.2.6 scipy==1.17.1 scikit-learn==1.7.2
  /tmp/oracle/bin/python tools/oracle/statistics.py

The draws are those of numpy's RandomState, so that intervals are equal and not only alike.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import bootstrap, spearmanr
from sklearn.metrics import average_precision_score

rng = np.random.default_rng(3)
resamples = 400


def spearman(x, gold):
    return spearmanr(x, gold).statistic


def precision(x, gold):
    return average_precision_score(gold, x)


def paired(statistic, one, other, gold, seed):
    """scipy.stats.bootstrap over the rows, with one draw for both models."""

    def delta(one, other, gold):
        return statistic(other, gold) - statistic(one, gold)

    found = {}
    for confidence in (0.95, 0.9):
        result = bootstrap(
            (one, other, gold),
            delta,
            paired=True,
            vectorized=False,
            method="percentile",
            n_resamples=resamples,
            confidence_level=confidence,
            random_state=np.random.RandomState(seed),
        )
        found[str(confidence)] = [float(v) for v in result.confidence_interval]
    return {"delta": float(delta(one, other, gold)), "intervals": found}


def one_seed(name, statistic, gold, noise):
    one = (gold + noise * rng.normal(size=len(gold))).round(1)  # with ties
    other = (gold + 1.4 * noise * rng.normal(size=len(gold))).round(1)
    return {
        "statistic": name,
        "baseline": one.tolist(),
        "other": other.tolist(),
        "gold": gold.tolist(),
        "seed": 5,
        **paired(statistic, one, other, gold, 5),
    }


def over_seeds():
    """Three seeds and two datasets: seeds are drawn, then the rows of each dataset, for both models and all seeds alike."""
    sizes, seeds = (30, 20), 3
    data = [
        [[rng.normal(0.5, 0.2, size).round(3), rng.normal(0.47, 0.2, size).round(3)] for _ in range(seeds)]
        for size in sizes
    ]
    random = np.random.RandomState(9)
    drawn = []
    for _ in range(resamples):
        chosen = random.randint(0, seeds, seeds)
        per_dataset = []
        for size, pairs in zip(sizes, data):
            rows = random.randint(0, size, size)
            per_dataset.append(np.mean([pairs[s][1][rows].mean() - pairs[s][0][rows].mean() for s in chosen]))
        drawn.append(np.mean(per_dataset))
    return {
        "datasets": [[[one.tolist(), other.tolist()] for one, other in pairs] for pairs in data],
        "seed": 9,
        "delta": float(np.mean([np.mean([o.mean() - b.mean() for b, o in pairs]) for pairs in data])),
        "intervals": {
            "0.95": [float(v) for v in np.percentile(drawn, [2.5, 97.5])],
            "0.9": [float(v) for v in np.percentile(drawn, [5, 95])],
        },
    }


gold = rng.integers(0, 6, 50).astype(float)
labels = rng.integers(0, 2, 40).astype(float)
golden = {
    "by": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
    "resamples": resamples,
    "oneSeed": [
        one_seed("mean", lambda x, _: float(np.mean(x)), rng.uniform(0, 1, 35).round(2), 0.2),
        one_seed("spearman", spearman, gold, 2.0),
        one_seed("average-precision", precision, labels, 0.8),
    ],
    "overSeeds": over_seeds(),
}
path = Path(__file__).parents[2] / "packages/evaluation/src/goldens/statistics.json"
path.write_text(json.dumps(golden) + "\n")
