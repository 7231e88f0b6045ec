"""Arrays of a PyTorch weights file of before 2020, read without running anything it says.

Such a file is five pickles and then raw numbers: a magic number, a version, sizes of C types, the
dictionary of tensors, the names of the storages, and each storage with its length before it. The
fourth pickle only describes tensors. It is followed here opcode by opcode: the few that such a
description consists of push values, the two functions it may name are known by name and replaced
by records, and everything else is refused.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
TYPES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
DICTIONARY, TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"

_NEW = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_GIVEN = {"LONG1", "BININT", "BININT1", "BININT2", "BINUNICODE"}
_LENGTHS = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class _Name:
    """A class or function that a description names; it is never looked up."""

    text: str


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def tensors_of(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a weights file by their names.

    Args:
        content: The file.

    Returns:
        Read-only float32 or int64 arrays, views of ``content``.

    Raises:
        FileFormatError: Not such a file, damaged, or it holds anything but tensors.
    """
    stream = io.BytesIO(content)
    try:
        if (_value(stream), _value(stream)) != (MAGIC, VERSION):
            raise ValueError("magic number or version")
        if _value(stream)["little_endian"] is not True:
            raise ValueError("byte order")
        tensors, keys = _value(stream), _value(stream)
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        numbers = _numbers(content, stream.tell(), [storages[key] for key in keys])
        return {name: _array(tensor, numbers) for name, tensor in tensors.items()}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"The weights cannot be read: {error or type(error).__name__}. Install the package "
            "that holds them again."
        ) from None


def _numbers(content: bytes, start: int, storages: list[_Storage]) -> dict[str, NDArray[Any]]:
    """Return the storages, which lie one behind the other with 8 bytes of length before each."""
    found: dict[str, NDArray[Any]] = {}
    for storage in storages:
        if int.from_bytes(content[start : start + 8], "little") != storage.count:
            raise ValueError(f"storage {storage.key} has another length than its description")
        numbers = np.frombuffer(content, storage.dtype, storage.count, start + 8)
        found[storage.key] = numbers
        start += 8 + numbers.nbytes
    if start != len(content):
        raise ValueError("bytes are left over")
    return found


def _array(tensor: _Tensor, numbers: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return a view of a storage; steps are counted in numbers, and none may lead outside."""
    stored = numbers[tensor.storage.key]
    steps = [(side - 1) * step for side, step in zip(tensor.shape, tensor.strides, strict=True)]
    last = tensor.offset + sum(steps)
    if min((tensor.offset, *tensor.strides, *tensor.shape)) < 0 or last >= len(stored):
        raise ValueError("a tensor reaches beyond its storage")
    strides = tuple(stored.itemsize * step for step in tensor.strides)
    start = stored[tensor.offset :]
    return np.lib.stride_tricks.as_strided(start, tensor.shape, strides, writeable=False)


def _value(stream: io.BytesIO) -> Any:
    """Follow one pickle to its end and return what it describes."""
    return _Description().of(stream)


class _Description:
    """The stack, the marks on it and the memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def of(self, stream: io.BytesIO) -> Any:
        name: str
        argument: Any
        for opcode, argument, _ in pickletools.genops(stream):
            name = opcode.name
            if name == "STOP":
                break
            if name in _NEW:
                self.stack.append(_NEW[name]())
            elif name in _FIXED:
                self.stack.append(_FIXED[name])
            elif name in _GIVEN:
                self.stack.append(argument)
            elif name == "GLOBAL":
                self.stack.append(_known(argument))
            elif name.endswith("BINPUT"):
                self.memo[argument] = self.stack[-1]
            elif name.endswith("BINGET"):
                self.stack.append(self.memo[argument])
            elif name == "MARK":
                self.marks.append(len(self.stack))
            elif name != "PROTO":
                self._combine(name)
        (value,) = self.stack
        return value

    def _combine(self, name: str) -> None:
        """Follow an opcode that takes values from the stack."""
        if name == "TUPLE":
            self.stack.append(tuple(self._above_mark()))
        elif name in _LENGTHS:
            self.stack.append(tuple(self._top(_LENGTHS[name])))
        elif name in {"SETITEM", "SETITEMS"}:
            items = self._top(2) if name == "SETITEM" else self._above_mark()
            self.stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name in {"APPEND", "APPENDS"}:
            items = self._top(1) if name == "APPEND" else self._above_mark()
            self.stack[-1].extend(items)
        elif name == "BINPERSID":
            self.stack.append(_storage(*self._top(1)[0]))
        elif name == "REDUCE":
            self.stack.append(_made(*self._top(2)))
        elif name == "BUILD":
            self._top(1)  # attributes of the dictionary, which nobody needs
        else:
            raise ValueError(f"the opcode {name} is none of a description of tensors")

    def _above_mark(self) -> list[Any]:
        return self._top(len(self.stack) - self.marks.pop())

    def _top(self, count: int) -> list[Any]:
        """Take ``count`` values from the stack, in the order in which they were put there."""
        if not 0 <= count <= len(self.stack):
            raise ValueError("values are missing")
        start = len(self.stack) - count
        taken = self.stack[start:]
        del self.stack[start:]
        return taken


def _known(text: str) -> _Name:
    if text not in {DICTIONARY, TENSOR, *TYPES}:
        raise ValueError(f"it names {text}")
    return _Name(text)


def _storage(kind: str, dtype: _Name, key: str, device: str, count: int, view: Any) -> _Storage:
    if (kind, device, view) != ("storage", "cpu", None):
        raise ValueError(f"storage {key} is of another kind")
    return _Storage(key, TYPES[dtype.text], count)


def _made(function: _Name, arguments: tuple[Any, ...]) -> Any:
    if function.text == DICTIONARY:
        if arguments:
            raise ValueError("a dictionary is made of something")
        return {}
    if function.text != TENSOR:
        raise ValueError(f"it calls {function.text}")
    storage, offset, shape, strides, *_ = arguments
    if not all(type(number) is int for number in (offset, *shape, *strides)):
        raise ValueError("a shape is not of whole numbers")
    return _Tensor(storage, offset, shape, strides)
