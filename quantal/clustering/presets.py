"""Named settings of estimators, all in one place, and the way from a name to an estimator."""

from __future__ import annotations

from typing import Any, Self

from ..errors import require_choice

JULE_TABLES = "jule-tables"
"""The settings behind the rows of other algorithms in the tables of the JULE paper."""

# class -> name of the preset -> parameters that differ from the class's own defaults
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "GraphDegreeLinkage": {JULE_TABLES: {"centered": True, "unit_rows": True}},
    # Yang, Parikh, Batra 2016: the supplement, and the two codes of the authors.
    "JULE": {
        "paper": {
            "gamma": 2.0,
            "positives": "pairs",
            "n_negatives": 20,
            "learning_rate": 0.01,
            "weight_decay": 5e-5,
            "outliers": "keep",
        },
        "caffe": {
            "n_nearest": 6,  # five beyond the nearest
            "partners": "larger",
            "outliers": "keep",
        },
        "torch": {
            "positives": "pairs",
            "n_negatives": 20,
            "scaled_gradient": True,
            "learning_rate": 0.01,
            "dampening": 0.9,
            "weight_decay": 5e-5,
            "update": "alpha",
            "partners": "smaller",
            "local_above": 100,
            "longest_chain": 50,
            "extraction": "train",
            "on_exhausted": "centroid",
        },
    },
    "LandmarkSpectralClustering": {
        JULE_TABLES: {"n_landmarks": 500, "sigma": "mean_squared", "unit_rows": True},
    },
    "LocalityPreservingNMF": {
        # No graph, and ten factors whatever the number of classes.
        JULE_TABLES: {
            "alpha": 0.0,
            "n_factors": 10,
            "n_init": 10,
            "max_iter": 50,
        },
    },
    "NJWSpectralClustering": {
        JULE_TABLES: {
            "width": 0.05,
            "zero_diagonal": False,
            "unit_rows": True,
            "centered": True,
            "n_init": 1,
        },
    },
    "NormalizedCuts": {
        # exp(-(d^2 / (0.05 greatest d^2))^2)
        JULE_TABLES: {"scale": 0.05**0.5, "power": 4.0, "unit_rows": True},
    },
    "PathIntegralLinkage": {JULE_TABLES: {"centered": True, "unit_rows": True}},
    "SelfTuningSpectralClustering": {
        JULE_TABLES: {
            "n_neighbors": 75,
            "assign": "kmeans",
            "scale_floor": 0.004,
            "order": "magnitude",
            "unit_rows": True,
            "n_init": 50,
            "init": "orthogonal",
            "max_iter": 10,
        },
    },
    "ZetaLinkage": {JULE_TABLES: {"kernel_width": 0.95, "centered": True, "unit_rows": True}},
}


class Presets:
    """Mixin that builds an estimator from named settings."""

    @classmethod
    def preset_names(cls) -> list[str]:
        """Return the names that `from_preset` takes."""
        return list(PRESETS.get(cls.__name__, {}))

    @classmethod
    def from_preset(cls, name: str, **parameters: Any) -> Self:
        """Return an estimator with named settings, each of which stays visible and changeable.

        Args:
            name: one of `preset_names`.
            **parameters: of the constructor; they win over the preset's.

        Raises:
            ParameterError: There is no such preset.
        """
        known = PRESETS.get(cls.__name__, {})
        require_choice(f"The preset of {cls.__name__}", name, known)
        return cls(**{**known[name], **parameters})
