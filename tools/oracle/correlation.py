"""Writes packages/evaluation/src/goldens/correlation.json: correlations as SciPy computes them.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy==2.2.6 scipy==1.15.3
  /tmp/oracle/bin/python tools/oracle/correlation.py
"""

import json
from pathlib import Path

import numpy
import scipy
from scipy.stats import pearsonr, rankdata, spearmanr

random = numpy.random.default_rng(7)


def case(name, x, y):
    x, y = [float(v) for v in x], [float(v) for v in y]
    return {
        "name": name,
        "x": x,
        "y": y,
        "ranks": rankdata(x).tolist(),
        "pearson": float(pearsonr(x, y).statistic),
        "spearman": float(spearmanr(x, y).statistic),
    }


base = random.normal(size=40).round(6)
cases = [
    case("two values", [1, 2], [5, 3]),
    case("many ties", random.integers(0, 4, 60), random.integers(0, 6, 60)),
    case("graded scores", (base + random.normal(size=40)).round(6), (base * 4).round(0) / 4),
    case("a large offset", base * 1e-3 + 1e6, base.round(2)),
    case("opposite order", base, -(base**3)),
]
out = Path(__file__).parents[2] / "packages/evaluation/src/goldens/correlation.json"
text = json.dumps({"scipy": scipy.__version__, "numpy": numpy.__version__, "cases": cases}, indent=1)
out.write_text(text + "\n")
