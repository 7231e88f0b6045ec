"""Several processes that train one network together, as torchrun starts them.

Every process computes its share of each batch. What the steps of all add up to is the step that one
process would take with the whole batch: marginals and batch statistics are those of all rows, and
gradients are summed before the optimiser sees them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor, nn

from .. import errors
from ..batch_share import WHOLE, BatchShare
from ..errors import DataError, ParameterError, QuantalError
from ..networks import BatchNorm
from .lost_process import explained, store_of_processes
from .process_share import ProcessShare

# A process that ends is noticed at once, since its connections close. This bounds the wait for one
# that hangs, and for the first process where it prepares something for all.
TIMEOUT = timedelta(hours=2)
FAILED, FAILURE_SECONDS = "first/failed", 1.0

Kept = tuple[dict[str, Tensor], Any]
"""Tensors by name, and what JSON can hold."""


@dataclass(frozen=True, eq=False)
class Processes:
    """The processes of a fit, seen from one of them.

    Attributes:
        rank: Number of this process, from 0.
        count: How many there are, >= 2.
    """

    rank: int
    count: int
    _buffers: dict[int, Tensor] = field(default_factory=dict, repr=False)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that shows progress and writes files."""
        return self.rank == 0

    def share(self, n_rows: int) -> ProcessShare:
        """Return this process's share of a batch of ``n_rows`` rows."""
        return ProcessShare(n_rows, self.rank, self.count)

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes, in place."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        size = sum(gradient.numel() for gradient in gradients)
        if not size:
            return
        whole = self._buffers.get(size)
        if whole is None or whole.device != gradients[0].device:
            whole = self._buffers[size] = gradients[0].new_empty(size)
        parts = torch.split(whole, [gradient.numel() for gradient in gradients])
        for part, gradient in zip(parts, gradients, strict=True):
            part.copy_(gradient.reshape(-1))
        with explained():
            dist.all_reduce(whole)
        for part, gradient in zip(parts, gradients, strict=True):
            gradient.copy_(part.view_as(gradient))

    def start_alike(self, network: nn.Module) -> None:
        """Give every process the first one's parameters and buffers."""
        with torch.no_grad(), explained():
            for tensor in network.state_dict().values():
                dist.broadcast(tensor, 0)

    def from_first(self, function: Callable[[], Kept | None]) -> Kept | None:
        """Call a function in the first process and return its result in all.

        Raises:
            QuantalError: What the function raised; the same in every process.
        """
        answer: dict[str, Any] = {}
        blob = b""
        if self.is_first:
            try:
                result = function()
            except QuantalError as error:
                answer = {"error": type(error).__name__, "text": str(error)}
            else:
                answer = {"none": result is None, "value": None if result is None else result[1]}
                blob = save(result[0]) if result is not None else b""
        answer = json.loads(self._sent(json.dumps(answer).encode()))
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["text"])
        if answer["none"]:
            return None
        return load(self._sent(blob)), answer["value"]

    def agreed(self, value: Any) -> Any:
        """Return the first process's value, anything that JSON can hold."""
        return json.loads(self._sent(json.dumps(value).encode()))

    def require_same(self, what: str, value: Any) -> None:
        """Raise DataError in every process unless all have the same.

        Args:
            what: what the message calls it.
            value: anything that JSON can hold.
        """
        differs = torch.zeros(self.count, dtype=torch.int64)
        differs[self.rank] = int(self.agreed(value) != json.loads(json.dumps(value)))
        self._add(differs)
        if differs.any():
            wrong = ", ".join(str(rank) for rank in differs.nonzero().flatten().tolist())
            raise DataError(
                f"process {wrong} of {self.count} has other {what} than process 0. Give every "
                "process the same files and options."
            )

    def tell_failure(self) -> None:
        """Let the others know, as the first process, that it failed and says why."""
        store = store_of_processes()
        with contextlib.suppress(RuntimeError):
            if store is not None:
                store.set(FAILED, "1")

    def first_failed(self) -> bool:
        """Tell whether the first process failed as well, after a moment's wait."""
        store = store_of_processes()
        end = time.monotonic() + FAILURE_SECONDS
        with contextlib.suppress(RuntimeError):
            while store is not None and time.monotonic() < end:
                if store.check([FAILED]):
                    return True
                time.sleep(0.02)
        return False

    def _sent(self, data: bytes) -> bytes:
        """Return the first process's bytes."""
        device = _control_device()
        length = torch.tensor([len(data)], device=device)
        with explained():
            dist.broadcast(length, 0)
            if self.is_first:
                content = torch.frombuffer(bytearray(data or b"0"), dtype=torch.uint8).to(device)
            else:
                content = torch.empty(max(1, int(length)), dtype=torch.uint8, device=device)
            dist.broadcast(content, 0)
        return content.cpu().numpy().tobytes()[: int(length)]

    def _add(self, tensor: Tensor) -> None:
        moved = tensor.to(_control_device())
        with explained():
            dist.all_reduce(moved)
        tensor.copy_(moved)


_JOINED: ContextVar[Processes | None] = ContextVar("processes", default=None)


def current() -> Processes | None:
    """Return the processes that this one fits together with, or None."""
    return _JOINED.get()


def share_of(n_rows: int) -> BatchShare:
    """Return this process's share of a batch of ``n_rows`` rows; alone, the whole batch."""
    processes = current()
    return WHOLE if processes is None else processes.share(n_rows)


def started_together() -> int:
    """Return how many processes torchrun, or who plays its part, started; 1 without it."""
    try:
        return max(1, int(os.environ.get("WORLD_SIZE", "1")))
    except ValueError:
        return 1


@contextlib.contextmanager
def joined() -> Iterator[Processes | None]:
    """Fit together with the other processes that torchrun started, if it did.

    Within the context estimators that can do so fit one model together, and the others refuse.
    Where the caller has set up `torch.distributed` already, its default group is used.

    Yields:
        The processes, or None where this one is alone.

    Examples:
        >>> from quantal.training import joined
        >>> with joined() as processes:
        ...     print(processes)
        None
    """
    own = not dist.is_initialized()
    if own and started_together() == 1:
        yield None
        return
    if own:
        _meet()
    token = None
    try:
        if dist.get_world_size() == 1:
            yield None
            return
        processes = Processes(dist.get_rank(), dist.get_world_size())
        token = _JOINED.set(processes)
        yield processes
    finally:
        if token is not None:
            _JOINED.reset(token)
        if own and dist.is_initialized():
            dist.destroy_process_group()


@contextlib.contextmanager
def shared_statistics(network: nn.Module, share: BatchShare) -> Iterator[None]:
    """Let the batch norms of a network ask ``share`` for the statistics of a batch."""
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.share = share
    try:
        yield
    finally:
        for norm in norms:
            norm.share = WHOLE


def own_device() -> torch.device:
    """Return the GPU of this process, by its number on its machine.

    Raises:
        ParameterError: There are fewer GPUs than processes on the machine.
    """
    number = int(os.environ.get("LOCAL_RANK", "0"))
    found = torch.cuda.device_count()
    if number >= found:
        raise ParameterError(
            f"process {number} of this machine has no GPU of its own: there are {found}. Start "
            f"--nproc-per-node={found}, or pass device='cpu'."
        )
    return torch.device("cuda", number)


def _meet() -> None:
    """Start the exchange with the other processes.

    Raises:
        ParameterError: WORLD_SIZE names others, but this process cannot find them.
    """
    try:
        dist.init_process_group(_backend(), timeout=TIMEOUT)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ParameterError(
            f"WORLD_SIZE={started_together()} says that several processes were started together, "
            f"but they cannot meet ({reason}). Start them with torchrun, or unset WORLD_SIZE."
        ) from None


def _backend() -> str:
    if torch.cuda.is_available() and dist.is_nccl_available():
        return "cpu:gloo,cuda:nccl"
    return "gloo"


def _control_device() -> torch.device:
    """Return where tensors must lie that tell of decisions."""
    only_gpus = dist.get_backend() == "nccl" and "gloo" not in str(dist.get_backend_config())
    return torch.device("cuda", torch.cuda.current_device()) if only_gpus else torch.device("cpu")
