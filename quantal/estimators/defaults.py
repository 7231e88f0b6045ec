"""What "auto" means: sizes and lengths that follow the data, chosen without labels.

How these were chosen is written down in docs/defaults.md.
"""

from __future__ import annotations

from ..errors import require_range

SMALL_ROWS, MIDDLE_ROWS = 2_000, 20_000
FULL_BATCH_ROWS = 500
TINY_STEPS, SMALL_STEPS, MIDDLE_STEPS, LARGE_STEPS = 300, 1_000, 2_500, 5_000
MOST_EPOCHS = 2_000
NEIGHBORS = 10
DEEP_TRADE_OFF, LINEAR_TRADE_OFF = 0.1, 1.6
GROUP_SHARE = 2  # the neighbour is looked for within half of an average group


def hidden_layer_sizes(value: object, n_rows: int) -> tuple[int, ...]:
    """Return the widths, for "auto" by the number of rows.

    Raises:
        ParameterError: A width is not a positive integer.
    """
    if isinstance(value, str) and value == "auto":
        width = 128 if n_rows < SMALL_ROWS else 512 if n_rows < MIDDLE_ROWS else 1200
        return (width, width)
    widths = tuple(value) if isinstance(value, list | tuple) else (value,)
    for width in widths:
        require_range("hidden_layer_sizes", width, low=1, high=65_536, integer=True)
    return tuple(int(width) for width in widths)


def batch_size(value: object, n_rows: int) -> int:
    """Return the rows of a step, for "auto" all of a small data set and 250 of a larger one."""
    if isinstance(value, str) and value == "auto":
        return n_rows if n_rows <= FULL_BATCH_ROWS else 250
    require_range("batch_size", value, low=1, integer=True)
    return min(int(value), n_rows)  # type: ignore[call-overload,no-any-return]


def n_epochs(value: object, n_rows: int, rows_per_step: int, least_steps: int = 0) -> int:
    """Return the passes over the data, for "auto" so many that there are enough steps.

    Args:
        value: the parameter.
        n_rows: rows of the data.
        rows_per_step: rows of a step.
        least_steps: steps that the method needs whatever the number of rows.

    Raises:
        ParameterError: Not a positive integer.
    """
    if isinstance(value, str) and value == "auto":
        steps = LARGE_STEPS
        for limit, fewer in (
            (FULL_BATCH_ROWS, TINY_STEPS),
            (SMALL_ROWS, SMALL_STEPS),
            (MIDDLE_ROWS, MIDDLE_STEPS),
        ):
            if n_rows < limit:
                steps = fewer
                break
        steps = max(steps, least_steps)
        per_epoch = max(1, n_rows // rows_per_step)
        return max(1, min(MOST_EPOCHS, -(-steps // per_epoch)))
    require_range("n_epochs", value, low=1, integer=True)
    return int(value)  # type: ignore[call-overload,no-any-return]


def trade_off(value: object, widths: tuple[int, ...]) -> float:
    """Return the weight of the information term; "auto" is the papers' choice.

    A linear model cannot bend its boundary around a row, so the same perturbation costs it more,
    and with the weight of a deep one the best it can do is to leave every row undecided.
    Source: Hu et al. 2017, appendix G (selected by Eq. 21).
    """
    if isinstance(value, str) and value == "auto":
        return DEEP_TRADE_OFF if widths else LINEAR_TRADE_OFF
    require_range("trade_off", value, low=0, low_open=True)
    return float(value)  # type: ignore[arg-type]


def neighbor_sample(value: object) -> int | None:
    """Return in how many rows neighbours are looked for; None for "auto".

    Raises:
        ParameterError: Not an integer from 2.
    """
    if isinstance(value, str) and value == "auto":
        return None
    require_range("neighbor_sample", value, low=2, integer=True)
    return int(value)  # type: ignore[call-overload,no-any-return]


def n_neighbors(value: object, n_rows: int, n_groups: int) -> int:
    """Return the rank of the neighbour whose distance sets the radius.

    "auto" is the paper's 10, but at most half of an average group's rows: in small
    groups the tenth neighbour is a stranger, and a radius that reaches it blurs the groups.

    Args:
        value: the parameter.
        n_rows: rows of the data.
        n_groups: groups of alike rows that the data may consist of.

    Raises:
        ParameterError: Not a positive integer.
    """
    if isinstance(value, str) and value == "auto":
        return max(1, min(NEIGHBORS, n_rows // (GROUP_SHARE * n_groups)))
    require_range("n_neighbors", value, low=1, integer=True)
    return int(value)  # type: ignore[call-overload,no-any-return]


def n_init(value: object, n_rows: int) -> int:
    """Return the number of restarts, for "auto" more where a run is cheap."""
    if isinstance(value, str) and value == "auto":
        return 4 if n_rows < SMALL_ROWS else 3 if n_rows < MIDDLE_ROWS else 1
    require_range("n_init", value, low=1, integer=True)
    return int(value)  # type: ignore[call-overload,no-any-return]
