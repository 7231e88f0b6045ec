"""Sums of small tables over 64 codes at once, written out for LLVM.

A code is cut into groups of six bits. For one query a group has a table of 64 small numbers, and
the processor looks up 64 of them in one instruction (VPERMB of AVX-512 VBMI, Intel since Ice Lake,
AMD since Zen 4). `has_wide_lookup` says whether this one can. Importing this module loads numba;
its cache on disk does not notice changes of this file: after one, save `screening_kernels.py` again
as well.

A block is a row of chunks of 64 codes. Chunk c holds planes [c * G * 64, (c + 1) * G * 64): the
first group of its 64 codes, one byte each, then the second, and so on; last the classes of their
norms. ``groups`` and ``width`` arguments are tuples of G and of as many zeros as a code has bytes:
their lengths are constants when compiled.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils

from .vector_code import emitted

LANES = 64  # codes in a chunk
GROUP_BITS = 6
ENTRIES = 1 << GROUP_BITS

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_BYTES = ir.VectorType(_I8, LANES)


@cache
def has_wide_lookup() -> bool:
    """Whether this processor looks up 64 bytes at once."""
    return bool(binding.get_host_cpu_features().get("avx512vbmi", False))


@emitted
def any_within(
    typing_context: Any,  # noqa: ARG001
    planes: Any,
    chunk: Any,  # noqa: ARG001
    tables: Any,
    query: Any,  # noqa: ARG001
    bound: Any,  # noqa: ARG001
    groups: Any,
) -> Any:
    """Whether the sum of any of a chunk's codes, by a query's tables, is at most ``bound``."""
    signature = types.boolean(planes, types.intp, tables, types.intp, types.uint8, groups)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _lanes_within(context, builder, signature, args)
        return builder.icmp_unsigned("!=", lanes, ir.Constant(_I64, 0))

    return signature, generate


@emitted
def lanes_within(
    typing_context: Any,  # noqa: ARG001
    planes: Any,
    chunk: Any,  # noqa: ARG001
    tables: Any,
    query: Any,  # noqa: ARG001
    bound: Any,  # noqa: ARG001
    groups: Any,
) -> Any:
    """Which of these sums are at most ``bound``: bit i for code i."""
    signature = types.uint64(planes, types.intp, tables, types.intp, types.uint8, groups)
    return signature, _lanes_within


def _lanes_within(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Instructions that add up a chunk's table entries, stopping at 255, and compare the sums."""
    planes, chunk, tables, query, bound, _ = args
    n_groups = signature.args[-1].count
    data = context.make_array(signature.args[0])(context, builder, planes).data
    entries = context.make_array(signature.args[2])(context, builder, tables).data
    look_up = _function(builder, "llvm.x86.avx512.permvar.qi.512")
    add = _function(builder, f"llvm.uadd.sat.v{LANES}i8")
    first = builder.mul(chunk, ir.Constant(_I64, n_groups * LANES))
    first_entry = builder.mul(query, ir.Constant(_I64, n_groups * ENTRIES))
    total = None
    for group in range(n_groups):
        offset = ir.Constant(_I64, group * LANES)
        numbers = _load(builder, data, builder.add(first, offset))
        table = _load(builder, entries, builder.add(first_entry, offset))
        found = builder.call(look_up, [table, numbers])
        total = found if total is None else builder.call(add, [total, found])
    within = builder.icmp_unsigned("<=", total, _repeated(builder, bound))
    return builder.bitcast(within, _I64)


@emitted
def split_chunk(
    typing_context: Any,  # noqa: ARG001
    codes: Any,
    classes: Any,
    row: Any,  # noqa: ARG001
    planes: Any,
    chunk: Any,  # noqa: ARG001
    width: Any,
    groups: Any,
) -> Any:
    """Write the groups and then the classes of 64 codes from ``row`` on.

    Their number of bytes is a power of two.
    """
    signature = types.void(codes, classes, types.intp, planes, types.intp, width, groups)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        n_bytes, n_groups = signature.args[-2].count, signature.args[-1].count
        if n_bytes & (n_bytes - 1):  # compiled for every width, called for these only
            return context.get_dummy_value()
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        of_norms = context.make_array(signature.args[1])(context, builder, args[1]).data
        out = context.make_array(signature.args[3])(context, builder, args[3]).data
        start = builder.mul(args[2], ir.Constant(_I64, n_bytes))
        rows = [
            _load(builder, data, builder.add(start, ir.Constant(_I64, position * LANES)))
            for position in range(n_bytes)
        ]
        columns = _columns(builder, rows)
        place = builder.mul(args[4], ir.Constant(_I64, n_groups * LANES))
        planes_of = [_group(builder, columns, group) for group in range(group_count(n_bytes))]
        for group, plane in enumerate([*planes_of, _load(builder, of_norms, args[2])]):
            offset = builder.add(place, ir.Constant(_I64, group * LANES))
            address = builder.bitcast(builder.gep(out, [offset]), _BYTES.as_pointer())
            builder.store(plane, address, align=1)
        return context.get_dummy_value()

    return signature, generate


def group_count(n_bytes: int) -> int:
    """Return how many groups of six bits a code has."""
    return -(-8 * n_bytes // GROUP_BITS)


def _group(builder: Any, columns: list[Any], group: int) -> Any:
    """Six bits of every code, from its bytes."""
    byte, shift = divmod(GROUP_BITS * group, 8)
    bits = builder.lshr(columns[byte], _constant(shift))
    if shift > 8 - GROUP_BITS and byte + 1 < len(columns):
        bits = builder.or_(bits, builder.shl(columns[byte + 1], _constant(8 - shift)))
    return builder.and_(bits, _constant(ENTRIES - 1))


def _columns(builder: Any, rows: list[Any]) -> list[Any]:
    """Part a stream of W-byte codes into W vectors, by halving it W = 2, 4, 8 ... ways."""
    if len(rows) == 1:
        return rows
    halves = []
    for first in (0, 1):
        mask = ir.Constant(ir.VectorType(_I32, LANES), list(range(first, 2 * LANES, 2)))
        pairs = zip(rows[::2], rows[1::2], strict=True)
        halves.append(_columns(builder, [builder.shuffle_vector(a, b, mask) for a, b in pairs]))
    return [column for pair in zip(*halves, strict=True) for column in pair]


def _function(builder: Any, name: str) -> Any:
    kind = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
    return cgutils.get_or_insert_function(builder.module, kind, name)


def _load(builder: Any, data: Any, place: Any) -> Any:
    address = builder.bitcast(builder.gep(data, [place]), _BYTES.as_pointer())
    return builder.load(address, align=1)


def _constant(value: int) -> Any:
    return ir.Constant(_BYTES, [value] * LANES)


def _repeated(builder: Any, value: Any) -> Any:
    """A vector with ``value`` in every place."""
    empty = ir.Constant(_BYTES, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(_I32, LANES), None))
