"""A record: what the runs of a recipe gave, where and when, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ..errors import FileFormatError
from .json_file import read_json, write_json


class Result(Protocol):
    """One finished run of a recipe, a dataclass."""

    @property
    def seed(self) -> int:
        """The estimator's ``random_state``."""

    @property
    def environment(self) -> str:
        """Key of `Record.environments`."""

    @property
    def run(self) -> Any:
        """What identifies the run within its recipe."""

    @property
    def order(self) -> Any:
        """What results are sorted by."""


R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Record(Generic[R]):
    """All finished runs of one recipe.

    Attributes:
        recipe: the recipe's name.
        fingerprint: the recipe's, at the time of the runs.
        results: finished runs in their order.
        environments: software and hardware by key; runs made elsewhere have another key.
    """

    recipe: str
    fingerprint: str
    results: tuple[R, ...] = ()
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_result(self, result: R, environment: Mapping[str, Any]) -> Record[R]:
        """This record and one more run; an earlier result of the same run gives way."""
        kept = [r for r in self.results if r.run != result.run]
        return dataclasses.replace(
            self,
            results=tuple(sorted([*kept, result], key=lambda r: r.order)),
            environments={**self.environments, result.environment: dict(environment)},
        )

    def merged(self, other: Record[R] | None) -> Record[R]:
        """This record and the runs of ``other`` that it lacks, if they are of the same recipe."""
        if other is None or other.fingerprint != self.fingerprint:
            return self
        record = self
        for result in other.results:
            if not self.has(result.run):
                record = record.with_result(result, other.environments[result.environment])
        return record

    def result(self, run: Any) -> R | None:
        """The finished run of this identity, or None."""
        return next((r for r in self.results if r.run == run), None)

    def has(self, run: Any) -> bool:
        """Whether this run is finished."""
        return self.result(run) is not None


@dataclass(frozen=True)
class RecordFormat(Generic[R]):
    """How records of one kind of recipe are stored.

    Attributes:
        schema: what the file says that it holds.
        read_result: makes a result from its entry; raises TypeError, KeyError, ValueError or
            AttributeError where the entry is none.
        check_result: raises ValueError where a result cannot be true.
    """

    schema: int | str
    read_result: Callable[[Mapping[str, Any]], R]
    check_result: Callable[[R], None]

    def save(self, record: Record[R], path: str | Path) -> None:
        """Write a record so that a reader sees the old file or the new one, never half of one.

        Args:
            record: what to write.
            path: the JSON file; its folder is made if need be.
        """
        write_json({"schema": self.schema, **dataclasses.asdict(record)}, path)

    def load(self, path: str | Path) -> Record[R]:
        """Read and check a record.

        Args:
            path: a file that `save` wrote.

        Raises:
            FileFormatError: if it is not a record of this kind, or one that contradicts itself.
        """
        values = read_json(path, self.schema)
        try:
            results = tuple(self.read_result(row) for row in values.pop("results"))
            record = Record(**values, results=results)
            self._check(record)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise FileFormatError(f"{path} is not a valid record: {error}.") from None
        return record

    def saved(self, fingerprint: str, path: str | Path) -> Record[R] | None:
        """The record on disk if it belongs to this version of the recipe.

        Args:
            fingerprint: the recipe's.
            path: where the record would be.
        """
        if not Path(path).is_file():
            return None
        record = self.load(path)
        return record if record.fingerprint == fingerprint else None

    def _check(self, record: Record[R]) -> None:
        runs = [str(r.run) for r in record.results]
        if len(set(runs)) != len(runs):
            raise ValueError("a run appears twice")
        for result in record.results:
            self.check_result(result)
            if result.environment not in record.environments:
                raise ValueError(
                    f"seed {result.seed} names the unknown environment {result.environment!r}"
                )
