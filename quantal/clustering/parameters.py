"""The ranges of the parameters that clusterers with a network share."""

from __future__ import annotations

from typing import Any

from ..errors import ParameterError, require_choice, require_range
from ..estimators.training_parameters import require_training_parameters
from .balance import prior_vector
from .warm_start import INITS


def require_shared_parameters(model: Any) -> None:
    """Raise ParameterError for the first parameter of ``model`` that is out of its range."""
    require_range("n_clusters", model.n_clusters, low=1, integer=True)
    require_range("balance", model.balance, low=0)
    require_training_parameters(model)
    if model.prior_tolerance is not None:
        require_range("prior_tolerance", model.prior_tolerance, low=0, high=1)
        if model.prior is None:  # every rung would be the same run
            raise ParameterError(
                "prior_tolerance is the distance allowed from a prior, and prior is None. Pass "
                "prior='uniform' or shares, or leave prior_tolerance out."
            )
    require_choice("init", model.init, INITS)
    prior_vector(model.prior, model.n_clusters)
