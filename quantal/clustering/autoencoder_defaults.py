"""What "auto" means for clusterers on an autoencoder: sizes and lengths that follow the data.

The published settings are for tens of thousands of rows; fewer rows are learned by narrower
layers in fewer steps.
"""

from __future__ import annotations

from ..errors import require_range
from ..estimators import defaults

SMALL_WIDTHS, WIDTHS = (64, 64, 256), (500, 500, 2000)
PUBLISHED_ITERATIONS, PUBLISHED_RATE, HIGHEST_RATE = 50_000, 0.1, 0.5
LAYER_ITERATIONS = (200, 600, 5_000, 10_000)
MOST_ITERATIONS = (200, 1_000, 8_000, 20_000)
ROWS_AN_ITERATION, LEAST_INTERVAL, LARGEST_INTERVAL = 400, 20, 160
DECAY_SHARE = 0.4  # published: 20,000 of 50,000


def hidden_layer_sizes(value: object, n_rows: int) -> tuple[int, ...]:
    """Return the encoder's widths; "auto": the published ones from 2,000 rows on.

    Raises:
        ParameterError: A width is not a positive integer.
    """
    if is_auto(value):
        return SMALL_WIDTHS if n_rows < defaults.SMALL_ROWS else WIDTHS
    return defaults.hidden_layer_sizes(value, n_rows)


def layer_iterations(value: object, n_rows: int) -> int:
    """Return the steps of each layer's pre-training.

    Raises:
        ParameterError: Not an integer from 1.
    """
    return _number("pretrain_iterations", value, _by_rows(LAYER_ITERATIONS, n_rows))


def learning_rates(value: object, n_layer_iterations: int, n_layers: int) -> tuple[float, float]:
    """Return the learning rates of a layer's pre-training and of the whole autoencoder.

    "auto" is the published 0.1 for 50,000 iterations or more. For fewer it rises in proportion, up
    to 1/2 for a layer and to 1/2 / n_layers for the whole. Rows have a mean square of 1, so the
    curvature of a linear autoencoder of m layers is at most m at its best weights, where descent
    with a momentum of 0.9 is stable up to 3.8 / m; with more, early steps also kill more ReLUs.

    Args:
        value: the parameter.
        n_layer_iterations: steps of each layer.
        n_layers: layers of the encoder.

    Raises:
        ParameterError: Not a number above 0.
    """
    if is_auto(value):
        rate = PUBLISHED_RATE * max(1.0, PUBLISHED_ITERATIONS / n_layer_iterations)
        return min(HIGHEST_RATE, rate), min(HIGHEST_RATE / n_layers, rate)
    require_range("pretrain_learning_rate", value, low=0, low_open=True)
    return float(value), float(value)  # type: ignore[arg-type]


def finetune_iterations(value: object, n_layer_iterations: int) -> int:
    """Return the steps of the whole autoencoder, for "auto" twice those of a layer, as published.

    Raises:
        ParameterError: Not an integer from 1.
    """
    return _number("finetune_iterations", value, 2 * n_layer_iterations)


def decay_interval(value: object, n_layer_iterations: int) -> int:
    """Return the steps between two drops of the learning rate, for "auto" 2/5 of a layer's.

    Raises:
        ParameterError: Not an integer from 1.
    """
    return _number("decay_interval", value, max(1, round(DECAY_SHARE * n_layer_iterations)))


def update_interval(value: object, n_rows: int) -> int:
    """Return the steps between two refreshes of the target; "auto" follows the published ones.

    Those are 160 for 70,000 rows and 40 or 20 for smaller sets.

    Raises:
        ParameterError: Not an integer from 1.
    """
    wanted = max(LEAST_INTERVAL, min(LARGEST_INTERVAL, n_rows // ROWS_AN_ITERATION))
    return _number("update_interval", value, wanted)


def max_iterations(value: object, n_rows: int) -> int:
    """Return the most steps of the clustering.

    Raises:
        ParameterError: Not an integer from 1.
    """
    return _number("max_iterations", value, _by_rows(MOST_ITERATIONS, n_rows))


def is_auto(value: object) -> bool:
    """Tell whether a parameter is left to the data."""
    return isinstance(value, str) and value == "auto"


def _number(name: str, value: object, automatic: int) -> int:
    if is_auto(value):
        return automatic
    require_range(name, value, low=1, integer=True)
    return int(value)  # type: ignore[call-overload,no-any-return]


def _by_rows(choices: tuple[int, int, int, int], n_rows: int) -> int:
    limits = (defaults.FULL_BATCH_ROWS, defaults.SMALL_ROWS, defaults.MIDDLE_ROWS)
    return choices[sum(n_rows >= limit for limit in limits)]
