"""What a run of a recipe of classes gave: the accuracy of one classifier."""

from __future__ import annotations

from dataclasses import dataclass

from .class_recipe import LINEAR, TUNED
from .record import RecordFormat


@dataclass(frozen=True)
class ClassResult:
    """One finished run.

    Attributes:
        seed: of the clusterer and of the classifier.
        variant: see `ClassRecipe`.
        accuracy: on the test rows after the last epoch, in [0, 1].
        train_accuracy: on the training rows.
        loss: mean cross-entropy of the last epoch, in nats.
        seconds: wall-clock time of the classifier's training.
        finished: UTC time, ISO 8601.
        environment: key of `Record.environments`.
    """

    seed: int
    variant: str
    accuracy: float
    train_accuracy: float
    loss: float
    seconds: float
    finished: str
    environment: str

    @property
    def run(self) -> tuple[int, str]:
        """What identifies the run within its recipe."""
        return self.seed, self.variant

    @property
    def order(self) -> tuple[int, str]:
        """What results are sorted by."""
        return self.run


def _check(result: ClassResult) -> None:
    if not all(0 <= share <= 1 for share in (result.accuracy, result.train_accuracy)):
        raise ValueError(f"an accuracy of seed {result.seed} is out of range")
    if result.variant not in (*LINEAR, *TUNED):
        raise ValueError(f"seed {result.seed} has the variant {result.variant!r}")


CLASS_RECORDS = RecordFormat("quantal.classes/1", lambda row: ClassResult(**row), _check)
