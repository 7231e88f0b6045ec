"""What a store can do with packed codes, and the refusal of everything else before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import FileFormatError, ParameterError, require_choice
from ..index_options import Option, Options, Rule, checked_options, no_rule
from .address import Address, value_of

if TYPE_CHECKING:
    from ..description import Description
    from .description import StoreDescription
    from .source import CodeSource
    from .store import CodeStore

METRIC = "hamming"


@dataclass(frozen=True)
class StoreIndex:
    """One kind of index that a store offers for packed codes.

    Attributes:
        exact: Whether it finds the true nearest codes.
        max_bits: Widest code it takes.
        written: Options fixed when codes are written, with their defaults and ranges.
        searched: Options that may be given at each opening.
        rule: Which options go together.
    """

    exact: bool
    max_bits: int
    written: Mapping[str, Option] = field(default_factory=dict)
    searched: Options = field(default_factory=dict)
    rule: Rule = no_rule

    @property
    def known(self) -> Options:
        """All options."""
        return {**self.written, **self.searched}


@dataclass(frozen=True)
class StoreType:
    """One store: what it can do, and the functions that do it.

    Attributes:
        name: How addresses begin.
        title: How people call it.
        kinds: Kinds of index by name; the first is the default.
        unable: Kinds that the store has but not for packed codes, and why.
        names: Options that are names, such as a table's, with their defaults.
        write: (address, plan, source): write everything, or leave nothing.
        open: address -> codes to search; None where quantal only exports files.
        unopened: what to do instead of opening it.
    """

    name: str
    title: str
    kinds: Mapping[str, StoreIndex]
    write: Callable[[Address, StorePlan, CodeSource], None]
    open: Callable[[Address], CodeStore] | None = None
    unable: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    unopened: str = ""


@dataclass(frozen=True)
class StorePlan:
    """A checked request to write.

    Attributes:
        n_rows: Number of codes.
        n_bits: Their width.
        kind: Kind of index.
        exact: Whether that is exact with its options.
        options: All of its options, defaults filled in.
        names: All options that are names.
    """

    n_rows: int
    n_bits: int
    kind: str
    exact: bool
    options: dict[str, int | bool]
    names: dict[str, str]


def plan_of(store: StoreType, address: Address, codes: Description) -> StorePlan:
    """Check what is asked of a store.

    Args:
        store: the store.
        address: with the options as given.
        codes: width and number of the codes.

    Raises:
        ParameterError: The store cannot do it; says what it can.
    """
    given = dict(address.options)
    require_metric(store, given.pop("metric", METRIC))
    kind = given.pop("kind", next(iter(store.kinds)))
    index = require_kind(store, kind, codes.n_bits)
    names = {name: given.pop(name, default) for name, default in store.names.items()}
    values = {name: value_of(text) for name, text in given.items()}
    options = _checked(store, kind, values, codes.n_bits)
    exact = index.exact and bool(options.get("exact", True))
    return StorePlan(int(codes.n_rows or 0), codes.n_bits, kind, exact, options, names)


def require_metric(store: StoreType, metric: Any) -> None:
    """Raise ParameterError unless the metric is the Hamming distance."""
    if metric != METRIC:
        raise ParameterError(
            f"Codes are compared by Hamming distance; {store.title} was asked for metric "
            f"{metric!r}. Leave metric out, or write metric={METRIC}."
        )


def require_kind(store: StoreType, kind: str, n_bits: int) -> StoreIndex:
    """Return the kind of index, if the store has it for packed codes of this width.

    Raises:
        ParameterError: It has not; names the kinds that it has.
    """
    able = ", ".join(name for name, index in store.kinds.items() if n_bits <= index.max_bits)
    if kind in store.unable:
        raise ParameterError(
            f"{store.title} has no index of kind {kind!r} for packed codes: "
            f"{store.unable[kind]} Use one of: {able}."
        )
    require_choice(f"kind of a {store.title} index", kind, store.kinds)
    index = store.kinds[kind]
    if n_bits > index.max_bits:
        instead = f"Use one of: {able}." if able else "Use shorter codes or another store."
        raise ParameterError(
            f"{store.title} takes codes of up to {index.max_bits:,} bits in an index of kind "
            f"{kind!r}; these have {n_bits:,}. {instead}"
        )
    return index


def _checked(
    store: StoreType, kind: str, given: Mapping[str, Any], n_bits: int
) -> dict[str, int | bool]:
    index, title = store.kinds[kind], f"a {store.title} index of kind {kind!r}"
    return checked_options(
        index.known, index.rule, given, n_bits, title, others=("kind", *store.names)
    )


def _require_stored(store: StoreType, description: StoreDescription, address: Address) -> None:
    index, stored = store.kinds.get(description.kind), description.options
    try:
        if index is not None:
            _checked(store, description.kind, stored, description.codes.n_bits)
    except ParameterError:
        index = None
    if (
        index is None
        or set(stored) != set(index.known)
        or description.codes.n_bits > index.max_bits
    ):
        raise FileFormatError(
            f"{address} says that it is an index of kind {description.kind!r} with {stored} for "
            f"codes of {description.codes.n_bits} bits, which {store.title} cannot be. Write the "
            "codes again."
        )


def opening_options(
    store: StoreType, description: StoreDescription, address: Address
) -> dict[str, int | bool]:
    """Return the options of a search: those stored, with what the address gives put in.

    Raises:
        FileFormatError: The description says what this store cannot have written.
        ParameterError: An option that was fixed when the codes were written, or an unknown one.
    """
    _require_stored(store, description, address)
    given = dict(address.options)
    require_metric(store, given.pop("metric", METRIC))
    kind = given.pop("kind", description.kind)
    if kind != description.kind:
        raise ParameterError(
            f"{address} holds an index of kind {description.kind!r}, not {kind!r}. Leave kind out, "
            "or write the codes again with that kind."
        )
    values = {name: value_of(text) for name, text in given.items()}
    for name in store.kinds[kind].written:
        if name in values and values[name] != description.options[name]:
            raise ParameterError(
                f"{name} was fixed as {description.options[name]} when {address} was written. "
                "Leave it out, or write the codes again."
            )
    return _checked(store, kind, {**description.options, **values}, description.codes.n_bits)
