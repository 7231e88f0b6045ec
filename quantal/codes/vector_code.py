"""Instructions that compiled Hamming search is built from, written out for LLVM.

Importing this module loads numba. Numba's cache on disk does not notice changes of this file: after
one, save `hamming_kernels.py` again as well.

A block of codes is a row of chunks of 64 codes. Chunk c holds words [c * W * 64, (c + 1) * W * 64):
first word 0 of its 64 codes, then word 1, and so on, where W is the number of 64-bit words of a
code. ``width`` arguments are tuples of W zeros: their length is part of the type, so W is a
constant in the compiled code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 64  # codes in a chunk, one bit each in a mask
VECTOR = 8  # codes in a vector of 64-bit words; LLVM splits it where registers are shorter

F = TypeVar("F", bound=Callable[..., Any])

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_WORDS = ir.VectorType(_I64, VECTOR)


def compiled(function: F) -> F:
    """Compile on first use, keep the result on disk, run without the interpreter's lock."""
    return cast("F", numba.njit(cache=True, nogil=True)(function))


def emitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that writes LLVM instructions callable from compiled code."""
    return cast("Callable[..., Any]", intrinsic(function))


@emitted
def count_bits(typing_context: Any, word: Any) -> Any:  # noqa: ARG001
    """Count the bits set in a uint64."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), generate


@emitted
def first_bit(typing_context: Any, word: Any) -> Any:  # noqa: ARG001
    """Position of the lowest bit set in a uint64 that is not 0."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_I1, 1))

    return types.uint64(types.uint64), generate


@emitted
def word_at(typing_context: Any, codes: Any, byte: Any) -> Any:  # noqa: ARG001
    """Eight bytes of packed codes as one word, from any byte on."""
    signature = types.uint64(codes, types.intp)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), _I64.as_pointer())
        return builder.load(address, align=1)

    return signature, generate


@emitted
def rearrange(
    typing_context: Any,  # noqa: ARG001
    codes: Any,
    byte: Any,  # noqa: ARG001
    block: Any,
    place: Any,  # noqa: ARG001
    width: Any,
) -> Any:
    """Move VECTOR codes of W whole words, W a power of two, to ``block[place + 64 * word + i]``."""
    signature = types.void(codes, types.intp, block, types.intp, width)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        words = context.make_array(signature.args[2])(context, builder, args[2]).data
        n_words = signature.args[-1].count
        if n_words & (n_words - 1):  # compiled for every width, called for these only
            return context.get_dummy_value()
        rows = []
        for position in range(n_words):
            offset = builder.add(args[1], ir.Constant(_I64, position * VECTOR * 8))
            address = builder.bitcast(builder.gep(data, [offset]), _WORDS.as_pointer())
            rows.append(builder.load(address, align=1))
        for position, column in enumerate(_columns(builder, rows)):
            place = builder.add(args[3], ir.Constant(_I64, position * LANES))
            address = builder.bitcast(builder.gep(words, [place]), _WORDS.as_pointer())
            builder.store(column, address, align=8)
        return context.get_dummy_value()

    return signature, generate


def _columns(builder: Any, rows: list[Any]) -> list[Any]:
    """Part a stream of W-word codes into W vectors, by halving it W = 2, 4, 8 ... ways."""
    if len(rows) == 1:
        return rows
    halves = []
    for first in (0, 1):
        mask = ir.Constant(ir.VectorType(_I32, VECTOR), list(range(first, 2 * VECTOR, 2)))
        pairs = zip(rows[::2], rows[1::2], strict=True)
        halves.append(_columns(builder, [builder.shuffle_vector(a, b, mask) for a, b in pairs]))
    return [column for pair in zip(*halves, strict=True) for column in pair]


@emitted
def any_below(
    typing_context: Any,  # noqa: ARG001
    block: Any,
    chunk: Any,  # noqa: ARG001
    queries: Any,
    row: Any,  # noqa: ARG001
    limit: Any,  # noqa: ARG001
    width: Any,
) -> Any:
    """Whether any of a chunk's codes is nearer to a query than ``limit``."""
    signature = types.boolean(block, types.intp, queries, types.intp, types.uint64, width)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masks = _masks_below(context, builder, signature, args)
        found = masks[0]
        for mask in masks[1:]:
            found = builder.or_(found, mask)
        lanes = ir.IntType(VECTOR)
        return builder.icmp_unsigned("!=", builder.bitcast(found, lanes), ir.Constant(lanes, 0))

    return signature, generate


@emitted
def lanes_below(
    typing_context: Any,  # noqa: ARG001
    block: Any,
    chunk: Any,  # noqa: ARG001
    queries: Any,
    row: Any,  # noqa: ARG001
    limit: Any,  # noqa: ARG001
    width: Any,
) -> Any:
    """Which of a chunk's codes are nearer to a query than ``limit``: bit i for code i."""
    signature = types.uint64(block, types.intp, queries, types.intp, types.uint64, width)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.Constant(_I64, 0)
        for position, mask in enumerate(_masks_below(context, builder, signature, args)):
            bits = builder.zext(builder.bitcast(mask, ir.IntType(VECTOR)), _I64)
            lanes = builder.or_(lanes, builder.shl(bits, ir.Constant(_I64, position * VECTOR)))
        return lanes

    return signature, generate


def _masks_below(context: Any, builder: Any, signature: Any, args: Any) -> list[Any]:
    """Instructions that compare a chunk's distances with the limit, VECTOR codes at a time."""
    block, chunk, queries, row, limit, _ = args
    n_words = signature.args[-1].count
    words = context.make_array(signature.args[0])(context, builder, block).data
    asked = context.make_array(signature.args[2])(context, builder, queries).data
    first = builder.mul(chunk, ir.Constant(_I64, n_words * LANES))
    first_asked = builder.mul(row, ir.Constant(_I64, n_words))
    count = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_WORDS, [_WORDS]), f"llvm.ctpop.v{VECTOR}i64"
    )
    distances: list[Any] = [None] * (LANES // VECTOR)
    for word in range(n_words):
        place = builder.add(first_asked, ir.Constant(_I64, word))
        query = _repeated(builder, builder.load(builder.gep(asked, [place])))
        for vector in range(LANES // VECTOR):
            place = builder.add(first, ir.Constant(_I64, word * LANES + vector * VECTOR))
            address = builder.bitcast(builder.gep(words, [place]), _WORDS.as_pointer())
            bits = builder.call(count, [builder.xor(builder.load(address, align=8), query)])
            so_far = distances[vector]
            distances[vector] = bits if so_far is None else builder.add(so_far, bits)
    bound = _repeated(builder, limit)
    return [builder.icmp_unsigned("<", distance, bound) for distance in distances]


def _repeated(builder: Any, value: Any) -> Any:
    """A vector with ``value`` in every place."""
    empty = ir.Constant(_WORDS, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(_I32, VECTOR), None))
