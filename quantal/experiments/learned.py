"""Rows as the network of another recipe embeds them, and the fitted models that are kept for it."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.partial_file import explained
from ..errors import ParameterError, QuantalWarning
from .peers import build_method
from .recipe import Recipe
from .recipe_files import find_recipe, load_recipe


def embedded_rows(
    name: str, rows: Any, *, data_dir: str | Path | None = None
) -> NDArray[np.float32]:
    """Embed rows by the network that a recipe learns with its first seed.

    Args:
        name: the recipe; it is looked up as ``quantal reproduce`` does.
        rows: (n, d), of the width that the recipe's own rows have.
        data_dir: folder of the data sets, for the fit.

    Raises:
        ParameterError: if the recipe is of another kind or its method embeds nothing.
        DataError: if the rows do not fit the network.
    """
    model = learned_model(name, data_dir=data_dir)
    return np.asarray(model.transform(rows), dtype=np.float32)


def learned_model(name: str, seed: int | None = None, *, data_dir: str | Path | None = None) -> Any:
    """Return what a recipe of clusters learns, fitted now or before.

    Args:
        name: the recipe; it is looked up as ``quantal reproduce`` does.
        seed: the estimator's ``random_state``; None: the recipe's first.
        data_dir: folder of the data sets, for the fit.

    Raises:
        ParameterError: if the recipe is of another kind or its method embeds nothing.
    """
    recipe = load_recipe(find_recipe(name))
    if not isinstance(recipe, Recipe) or recipe.sweep is not None:
        raise ParameterError(f"learned_by must name a recipe of clusters, got {name!r}.")
    model = fitted_model(recipe, recipe.seeds[0] if seed is None else seed, data_dir=data_dir)
    if not hasattr(model, "transform"):
        raise ParameterError(
            f"learned_by names {name}, whose method {recipe.method} embeds no rows. Name one "
            "of jule, iic, imsat or rim."
        )
    return model


def fitted_model(recipe: Recipe, seed: int, *, data_dir: str | Path | None = None) -> Any:
    """The recipe's estimator as fitted with ``seed``: the one kept, or a new fit, which is kept.

    Args:
        recipe: one without a sweep.
        seed: the estimator's ``random_state``.
        data_dir: folder of the data sets.
    """
    from ..catalog import load
    from .data import load_rows

    path = model_folder(recipe, seed)
    if path.is_dir():
        return load(path)
    model = build_method(
        recipe.method, n_clusters=recipe.n_clusters, random_state=seed, **recipe.parameters()
    )
    model.fit(load_rows(recipe, data_dir=data_dir).rows)
    keep_model(model, recipe, seed)
    return model


def keep_model(model: Any, recipe: Recipe, seed: int) -> None:
    """Save a fitted estimator where `fitted_model` looks for it.

    Args:
        model: what ``recipe`` gives with ``seed``.
        recipe: see `fitted_model`.
        seed: see `fitted_model`.

    Warns:
        QuantalWarning: The folder cannot be written.
    """
    path = model_folder(recipe, seed)
    try:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=path.parent))
            try:
                model.save(part / "model")
                if not path.is_dir():
                    (part / "model").replace(path)  # whole or not at all
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except ParameterError as error:
        warnings.warn(f"{error} The model is not kept.", QuantalWarning, stacklevel=2)


def model_folder(recipe: Recipe, seed: int) -> Path:
    """Where the fitted model is kept: among the cached things, by what decides its fit."""
    from ..features.feature_cache import cache_folder

    return cache_folder().parent / "models" / f"{recipe.fingerprint}-{seed}"
