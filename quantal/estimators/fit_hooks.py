"""What a fit by training asks its estimator, each with an answer that a subclass may replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.preparation import Preparation
from ..training import Plan, ProgressBar, Run
from ..training.attempts import Outcome
from ..training.rows import Rows
from .pixel_unit import require_unit_of_fit


class FitHooks:
    """Mixin of `NetworkEstimator`."""

    preparation_: Preparation

    def _require_fit_parameters(self) -> None:
        """Raise ParameterError for what ``fit`` cannot use and ``partial_fit`` ignores."""

    def _require_enough_rows(self, x: Any) -> None:
        """Raise DataError if there are too few rows for what was asked."""

    def _stage(self, rung: int | None) -> Any:  # noqa: ARG002
        """Return what the step of a rung of the penalty ladder needs; None: of ``partial_fit``."""
        return None

    def _n_rungs(self) -> int:
        return 1

    def _accept(self, rows: Rows, seed: int, best: Outcome) -> bool:  # noqa: ARG002
        """Tell whether the best restart of a rung ends the fit."""
        return True

    def _start(self, network: Any, rows: Rows, seed: int, restart: int, n_restarts: int) -> None:
        """Give a new network another starting point than its random one."""

    def _start_pass(self, network: Any, rows: Rows, seed: int) -> None:
        """Do the same before the first call of ``partial_fit``."""

    def _begin(self, new_run: Callable[..., Run], bar: ProgressBar) -> Run:  # noqa: ARG002
        """Return the run of a restart; ``new_run(i)`` makes one from another starting point."""
        return new_run()

    def _extra_steps(self, plan: Plan) -> int:  # noqa: ARG002
        """Return the steps that `_begin` takes beside those of the run that it returns."""
        return 0

    def _least_steps(self) -> int:
        """Return how many steps "auto" takes at least."""
        return 0

    def _pays_to_hold(self, n_rows: int) -> bool:  # noqa: ARG002
        """Tell whether all rows are prepared once, where they fit, instead of batch by batch."""
        return True

    def _has_layout(self) -> bool:
        """Tell whether the columns' order matters, so that it must be kept."""
        return False

    def _require_unit_of_fit(self, x: Any) -> None:
        """Raise DataError for images in another unit than the fit's."""
        require_unit_of_fit(self, x, self.preparation_)

    def _epoch_note(self, history: dict[str, list[float]]) -> str:  # noqa: ARG002
        """Return what progress shows of the last epoch beside its objective."""
        return ""
