"""Writes packages/evaluation/src/goldens/tasks.json: scores of evaluation tasks as scikit-learn, pytrec_eval, numpy and mteb's ways give them.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy==2.2.6 scikit-learn==1.7.2 pytrec-eval-terrier==0.5.10
  /tmp/oracle/bin/python tools/oracle/evaluation.py

The embeddings are random clouds around a centre for each label; texts are "<cloud> <number>", whose vectors stand in the file.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytrec_eval
import sklearn
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    v_measure_score,
)

rng = np.random.default_rng(11)
width = 12


def clouds(labels, per_label, spread):
    centres = rng.normal(size=(labels, width))
    vectors = np.concatenate([c + spread * rng.normal(size=(per_label, width)) for c in centres])
    return vectors.astype(np.float32).round(3), np.repeat(np.arange(labels), per_label)


def cosines(a, b):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return a @ b.T


def rows(vectors):
    return [[round(float(v), 3) for v in row] for row in vectors]


def random_state():
    state = np.random.RandomState(42)
    items = list(range(1000))
    state.shuffle(items)
    again = np.random.RandomState(42)
    again.shuffle(items)
    return {"shuffledTwice": items, "double": float(np.random.RandomState(7).random_sample())}


def retrieval():
    documents, of = clouds(6, 12, 0.9)
    documents[5] = documents[4]  # of equal scores the later id counts first
    queries = documents[::9] + 0.8 * rng.normal(size=(8, width)).astype(np.float32)
    queries = queries.astype(np.float32).round(3)
    label = of[::9]
    qrels = {
        f"q{q}": {f"d{d}": int(1 + (d % 3 == 0)) for d in np.flatnonzero(of == label[q])[: 3 + q]} for q in range(8)
    }
    qrels["q0"]["d70"] = 0
    scores = cosines(queries.astype(np.float64), documents.astype(np.float64))
    run = {f"q{q}": {f"d{d}": float(scores[q, d]) for d in range(len(documents))} for q in range(8)}
    ks = [1, 3, 5, 10, 20, 100, 1000]
    measures = {f"{m}.{','.join(map(str, ks))}" for m in ("ndcg_cut", "map_cut", "recall", "P")}
    per_query = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    mean = lambda name: float(np.mean([values[name] for values in per_query.values()]))
    metrics = {}
    for k in ks:
        metrics[f"ndcg_at_{k}"] = mean(f"ndcg_cut_{k}")
        metrics[f"map_at_{k}"] = mean(f"map_cut_{k}")
        metrics[f"recall_at_{k}"] = mean(f"recall_{k}")
        metrics[f"precision_at_{k}"] = mean(f"P_{k}")
        reciprocal = []
        for q, graded in qrels.items():
            order = sorted(run[q].items(), key=lambda item: (item[1], item[0]), reverse=True)[:k]
            ranks = [i for i, (d, _) in enumerate(order) if graded.get(d, 0) > 0]
            reciprocal.append(1 / (ranks[0] + 1) if ranks else 0)
        metrics[f"mrr_at_{k}"] = float(np.mean(reciprocal))
    return {"documents": rows(documents), "queries": rows(queries), "qrels": qrels, "metrics": metrics}


def classification():
    train, train_labels = clouds(5, 20, 1.6)
    order = rng.permutation(len(train))
    train, train_labels = train[order], train_labels[order]
    centres = np.array([train[train_labels == c].mean(axis=0) for c in range(5)])
    test_labels = rng.integers(0, 5, 200)
    test = (centres[test_labels] + 1.6 * rng.normal(size=(200, width))).astype(np.float32).round(3)
    idxs, accuracies, f1s, first = list(range(len(train))), [], [], None
    for _ in range(10):
        np.random.RandomState(42).shuffle(idxs)
        taken, sample = defaultdict(int), []
        for i in idxs:
            if taken[train_labels[i]] < 8:
                sample.append(i)
                taken[train_labels[i]] += 1
        first = first or list(sample)
        model = LogisticRegression(random_state=42, max_iter=100).fit(train[sample], train_labels[sample])
        predicted = model.predict(test)
        accuracies.append(accuracy_score(test_labels, predicted))
        f1s.append(f1_score(test_labels, predicted, average="macro"))
    binary = train_labels < 2
    exact = LogisticRegression(tol=1e-10, max_iter=10_000).fit(train, binary)
    return {
        "train": rows(train),
        "trainLabels": train_labels.tolist(),
        "test": rows(test),
        "testLabels": test_labels.tolist(),
        "metrics": {"accuracy": float(np.mean(accuracies)), "f1": float(np.mean(f1s))},
        "binary": exact.predict(test).astype(int).tolist(),
    }


def clustering():
    vectors, labels = clouds(6, 60, 1.0)
    order = rng.permutation(len(vectors))
    vectors, labels = vectors[order], labels[order]
    scores = [
        v_measure_score(
            labels,
            MiniBatchKMeans(n_clusters=6, batch_size=500, n_init="auto", random_state=seed).fit(vectors).labels_,
        )
        for seed in range(30)
    ]
    guess = rng.integers(0, 4, len(labels))
    return {
        "vectors": rows(vectors),
        "labels": labels.tolist(),
        "mean": float(np.mean(scores)),
        "least": float(np.min(scores)),
        "most": float(np.max(scores)),
        "guess": guess.tolist(),
        "vMeasureOfGuess": float(v_measure_score(labels, guess)),
    }


def pair_classification():
    base = rng.normal(size=(80, width)).astype(np.float32)
    labels = rng.integers(0, 2, 80)
    noise = np.where(labels[:, None] == 1, 0.8, 1.4) * rng.normal(size=(80, width))
    one, other = base.round(3), (base + noise).astype(np.float32).round(3)
    a, b = one.astype(np.float64), other.astype(np.float64)
    by = {
        "cosine_ap": (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1),
        "dot_ap": (a * b).sum(1),
        "manhattan_ap": -np.abs(a - b).sum(1),
        "euclidean_ap": -np.linalg.norm(a - b, axis=1),
    }
    metrics = {name: float(average_precision_score(labels, scores)) for name, scores in by.items()}
    ties = rng.integers(0, 5, 80)
    return {
        "one": rows(one),
        "other": rows(other),
        "labels": labels.tolist(),
        "metrics": {"max_ap": max(metrics.values()), **metrics},
        "ties": ties.tolist(),
        "apOfTies": float(average_precision_score(labels, ties)),
    }


def bitext():
    one = rng.normal(size=(60, width)).astype(np.float32).round(3)
    other = (one + 0.9 * rng.normal(size=one.shape)).astype(np.float32).round(3)
    predicted = cosines(one.astype(np.float64), other.astype(np.float64)).argmax(axis=1)
    gold = np.arange(60)
    how = {"average": "weighted", "zero_division": 0}
    return {
        "one": rows(one),
        "other": rows(other),
        "metrics": {
            "f1": float(f1_score(gold, predicted, **how)),
            "precision": float(precision_score(gold, predicted, **how)),
            "recall": float(recall_score(gold, predicted, **how)),
            "accuracy": float(accuracy_score(gold, predicted)),
        },
    }


out = Path(__file__).parents[2] / "packages/evaluation/src/goldens/tasks.json"
found = {
    "versions": {"numpy": np.__version__, "sklearn": sklearn.__version__},
    "randomState": random_state(),
    "retrieval": retrieval(),
    "classification": classification(),
    "clustering": clustering(),
    "pairClassification": pair_classification(),
    "bitext": bitext(),
}
out.write_text(json.dumps(found, separators=(",", ":")) + "\n")
