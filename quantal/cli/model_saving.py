"""The end of a fit: the model is saved, elsewhere if it must be."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError, QuantalError

if TYPE_CHECKING:
    from ..data import Dataset

OF_THIS_RUN = {"checkpoint": None, "resume": False, "verbose": 0}  # no matters of the model


def save_model(estimator: Any, dataset: Dataset, out: Path, seconds: float) -> None:
    """Save a fitted model that remembers how its rows were read, and how long the fit took.

    Raises:
        ParameterError: ``out`` cannot be written; says where the model is instead.
    """
    estimator.reader_ = dataset.reader
    estimator.fit_seconds_ = round(seconds, 3)
    known = estimator.get_params()
    estimator.set_params(**{name: v for name, v in OF_THIS_RUN.items() if name in known})
    try:
        estimator.save(out)
    except QuantalError as error:
        raise ParameterError(_rescued(estimator, out, error)) from None


def _rescued(estimator: Any, out: Path, error: QuantalError) -> str:
    """Save the model elsewhere, for it may have taken hours; return what to say."""
    place = Path(tempfile.mkdtemp(prefix="quantal-")) / out.name
    try:
        estimator.save(place)
    except QuantalError:
        place.parent.rmdir()
        return f"{error} A temporary folder could not be written either."
    return f"{error} The model is in {place}: move it from there."
