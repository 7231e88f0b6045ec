"""The options of ``quantal evaluate`` that say how hash codes are judged."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ParameterError, require_range

QUERIES_PER_CLASS, SEED, PRECISION_AT, RADIUS = 100, 0, 500, 2


@dataclass(frozen=True)
class QuerySplit:
    """What the user typed; None where nothing.

    Attributes:
        queries_per_class: Rows of each class that become queries.
        seed: Source of the draw.
        precision_at: Depth of precision@N.
        radius: Hamming radius.

    Raises:
        ParameterError: Out of range.
    """

    queries_per_class: int | None = None
    seed: int | None = None
    precision_at: int | None = None
    radius: int | None = None

    def __post_init__(self) -> None:
        for option, value in self._typed().items():
            low = 0 if option in {"--seed", "--radius"} else 1
            require_range(option, value, low=low, integer=True)

    def require_none(self, reason: str) -> None:
        """Raise ParameterError if any was typed where no codes are judged.

        Args:
            reason: why there are no codes; starts the message.
        """
        for option in self._typed():
            raise ParameterError(f"{reason}, but {option} concerns hash codes. Leave it out.")

    def _typed(self) -> dict[str, int]:
        typed = {
            "--queries-per-class": self.queries_per_class,
            "--seed": self.seed,
            "--precision-at": self.precision_at,
            "--radius": self.radius,
        }
        return {option: value for option, value in typed.items() if value is not None}

    @property
    def n_queries(self) -> int:
        """Queries of each class."""
        return self.queries_per_class or QUERIES_PER_CLASS

    @property
    def seed_or_default(self) -> int:
        """Seed of the draw."""
        return SEED if self.seed is None else self.seed

    def depth(self, n_codes: int) -> int:
        """Return the depth of precision@N among so many codes."""
        return min(PRECISION_AT, n_codes) if self.precision_at is None else self.precision_at

    def ball(self, n_bits: int) -> int:
        """Return the radius for codes of so many bits."""
        return min(RADIUS, n_bits) if self.radius is None else self.radius
