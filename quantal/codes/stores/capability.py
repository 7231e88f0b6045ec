"""What a store can do with packed codes, and the refusal of everything else before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import FileFormatError, ParameterError, require_choice, require_range, suggestion
from .address import Address

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
        written: Options fixed when codes are written, with their defaults; integers from 1.
        searched: Options that may be given at each opening; integers from 1, or truth values.
    """

    exact: bool
    max_bits: int
    written: Mapping[str, int] = field(default_factory=dict)
    searched: Mapping[str, int | bool] = field(default_factory=dict)


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
        exact: Whether that is exact.
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
    kind = str(given.pop("kind", next(iter(store.kinds))))
    index = require_kind(store, kind, codes.n_bits)
    names = {name: str(given.pop(name, default)) for name, default in store.names.items()}
    options = checked_options(store, kind, {**index.written, **index.searched}, given)
    return StorePlan(int(codes.n_rows or 0), codes.n_bits, kind, index.exact, options, names)


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


def checked_options(
    store: StoreType, kind: str, defaults: Mapping[str, int | bool], given: Mapping[str, Any]
) -> dict[str, int | bool]:
    """Return defaults with the given options put in.

    Raises:
        ParameterError: An unknown option, or a value that is not allowed.
    """
    for name, value in given.items():
        if name not in defaults:
            known = ", ".join(["kind", *store.names, *defaults])
            raise ParameterError(
                f"{name!r} is no option of a {store.title} index of kind {kind!r}, which has: "
                f"{known}.{suggestion(name, defaults)}"
            )
        if isinstance(defaults[name], bool):
            require_choice(name, value, (True, False))
        else:
            require_range(name, value, low=0 if name == "n_flips" else 1, integer=True)
    return {**defaults, **given}


def _require_stored(store: StoreType, description: StoreDescription, address: Address) -> None:
    index = store.kinds.get(description.kind)
    known = {**index.written, **index.searched} if index is not None else {}
    stored = description.options
    try:
        checked_options(store, description.kind, known, stored)
    except ParameterError:
        index = None
    if index is None or set(stored) != set(known) or description.codes.n_bits > index.max_bits:
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
    index = store.kinds[description.kind]
    for name in index.written:
        if name in given and given.pop(name) != description.options[name]:
            raise ParameterError(
                f"{name} was fixed as {description.options[name]} when {address} was written. "
                "Leave it out, or write the codes again."
            )
    searched = {name: description.options[name] for name in index.searched}
    fixed = {name: description.options[name] for name in index.written}
    return {**fixed, **checked_options(store, description.kind, searched, given)}
