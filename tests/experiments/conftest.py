from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from sklearn.cluster import KMeans

from quantal.experiments import Record, SeedResult, recipe_from_dict


class FakeClusterer:
    """K-means in the clothes of an estimator; remembers what it was given."""

    made: ClassVar[list[FakeClusterer]] = []

    def __init__(self, method, n_clusters, random_state, **params):
        self.method, self.n_clusters, self.random_state = method, n_clusters, random_state
        self.params, self.fits = params, []
        FakeClusterer.made.append(self)

    def fit(self, X, *more, **named):
        self.fits.append((X, more, named))
        self.model = KMeans(self.n_clusters, n_init=1, random_state=self.random_state).fit(X)
        self.labels_ = self.model.labels_.astype(np.int64)
        self.objective_ = float(self.model.inertia_)
        return self

    def predict(self, X):
        return self.model.predict(X)


@pytest.fixture
def fake():
    FakeClusterer.made = []
    return FakeClusterer


@pytest.fixture
def recipe_of():
    """Make a small digits recipe with the given keys on top."""

    def make(**keys):
        name = keys.pop("name", "doe2020/digits")
        table = {
            "title": "Fake",
            "method": "fake",
            "dataset": "digits",
            "n_clusters": 3,
            "seeds": [0, 1],
            "data": {"limit": 60, "scaling": "unit"},
        }
        return recipe_from_dict(name, {**table, **keys})

    return make


@pytest.fixture
def record_of():
    """Make a record with one result per accuracy, seeds from 0."""

    def make(recipe, accuracies, values=None, seconds=2.0):
        record = Record(recipe.name, recipe.fingerprint)
        for i, accuracy in enumerate(accuracies):
            result = SeedResult(
                seed=0 if values else i,
                value=values[i] if values else None,
                accuracy=accuracy,
                nmi_arithmetic=0.5,
                nmi_geometric=0.5,
                ari=0.4,
                purity=0.6,
                objective=-1.0,
                seconds=seconds + i,
                cluster_sizes=(30, 20, 10),
                finished="2026-01-01T00:00:00+00:00",
                environment="abc",
            )
            record = record.with_result(result, {"cpu": "a processor", "torch": "2"})
        return record

    return make
