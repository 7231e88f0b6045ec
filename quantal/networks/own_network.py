"""A user's own network as a trunk: modes and frozen parameters of any module."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import ParameterError
from .batch_norm import BatchNormMode

PROBE_ROWS = 2


class OwnTrunk(nn.Module):
    """Any module that maps a batch to features, with the interface of quantal's trunks.

    The module is copied, so that every fit starts from the weights that it was given with.

    ===== ========================= ======================================
    mode  the module's training     its buffers (running averages, ...)
          flags
    ===== ========================= ======================================
    train on                        may change
    batch on                        the module works on copies of them
    eval  off                       the module works on copies of them
    ===== ========================= ======================================

    After each call the flags are what they were. What the module draws (dropout) comes from
    ``generator``, and PyTorch's global generator is left as it was.

    Args:
        module: takes a batch, shape (n, *input_shape), float32, and returns features, shape
            (n, n_features), floating point.
        input_shape: (channels, height, width) of the images, or (columns,) of the rows.
        generator: source of the seed of what the module draws itself.

    Raises:
        ParameterError: ``module`` is no module, cannot be copied, fails on two rows, or returns
            anything but features.
    """

    stream: Tensor

    def __init__(
        self, module: nn.Module, input_shape: Sequence[int], generator: torch.Generator
    ) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise ParameterError(
                f"network must be a torch.nn.Module that maps a batch to features, got {module!r}."
            )
        self.input_shape = tuple(input_shape)
        self.module = _copy_of(module)
        self.register_buffer("stream", torch.randint(2**62, (1,), generator=generator))
        self.n_features = self._probe()

    @property
    def norms(self) -> nn.ModuleList:
        """The module itself: a network with hidden layers, whether it has batch norms or not."""
        return nn.ModuleList([self.module])

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundOwnTrunk:
        """Return the module as a function of a batch.

        Args:
            dtype: float32, or a shorter type, for which the module runs under autocast: PyTorch
                decides which of its operations take the type.
        """
        return BoundOwnTrunk(self, dtype)

    def forward(self, x: Tensor, mode: BatchNormMode = "eval") -> Tensor:
        """Return features, shape (n, n_features), float32, of rows or images ``x``."""
        return self.bind()(x, mode)

    def run(self, x: Tensor, mode: BatchNormMode, *, frozen: bool = False) -> Any:
        """Return what the module returns.

        Args:
            x: batch of shape (n, *input_shape), or as rows of their numbers.
            mode: see the class.
            frozen: treat every parameter as a constant.
        """
        replaced: dict[str, Tensor] = {}
        if frozen:
            replaced |= {name: p.detach() for name, p in self.module.named_parameters()}
        if mode != "train":
            replaced |= {name: buffer.clone() for name, buffer in self.module.named_buffers()}
        batch = x.reshape(-1, *self.input_shape)
        with self._draws(batch.device, advance=mode != "eval"), self._flags(mode != "eval"):
            return functional_call(self.module, replaced, (batch,))

    def _probe(self) -> int:
        parameter = next(self.module.parameters(), torch.zeros(()))
        x = torch.zeros(PROBE_ROWS, *self.input_shape, device=parameter.device)
        try:
            with torch.no_grad():
                features = self.run(x, "eval")
        except Exception as error:
            raise ParameterError(
                f"network fails on a batch of shape {tuple(x.shape)}: {type(error).__name__}: "
                f"{error}. It must map (n, {_listed(self.input_shape)}) to (n, n_features)."
            ) from error
        if not isinstance(features, Tensor):
            raise ParameterError(
                f"network must return a tensor of shape (n, n_features), got "
                f"{type(features).__name__}. Wrap it in a module that returns the features alone."
            )
        if features.ndim != 2 or len(features) != PROBE_ROWS or features.shape[1] == 0:
            raise ParameterError(
                f"network must return shape (n, n_features), got {tuple(features.shape)} for a "
                f"batch of shape {tuple(x.shape)}. End it with torch.nn.Flatten() or a pooling."
            )
        if not features.is_floating_point():
            raise ParameterError(
                f"network must return floating-point features, got {features.dtype}."
            )
        return features.shape[1]

    @contextmanager
    def _flags(self, training: bool) -> Iterator[None]:
        before = [(part, part.training) for part in self.module.modules()]
        try:
            self.module.train(training)
            yield
        finally:
            for part, flag in before:
                part.training = flag

    @contextmanager
    def _draws(self, device: torch.device, *, advance: bool) -> Iterator[None]:
        seed = int(self.stream)
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            # A module draws from the global generators; what they were is restored above.
            torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
            if device.type == "cuda":
                own = torch.Generator(device).manual_seed(seed)
                torch.cuda.set_rng_state(own.get_state(), device)
            yield
        if advance:  # the next pass draws anew, and a stored state continues the sequence
            self.stream += 1


class BoundOwnTrunk:
    """An `OwnTrunk` as a function of a batch; see `OwnTrunk.bind`.

    Args:
        trunk: whose module is called.
        dtype: float32, or the type of autocast.
        frozen: treat every parameter as a constant.
    """

    def __init__(self, trunk: OwnTrunk, dtype: torch.dtype, *, frozen: bool = False) -> None:
        self._trunk = trunk
        self._dtype = dtype
        self._frozen = frozen

    def frozen(self) -> BoundOwnTrunk:
        """Return the same function with constant parameters: gradients reach only the input."""
        return BoundOwnTrunk(self._trunk, self._dtype, frozen=True)

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return features, shape (n, n_features), float32, of ``x``, rows or images."""
        short = self._dtype != torch.float32
        with torch.autocast(x.device.type, self._dtype if short else None, enabled=short):
            features: Tensor = self._trunk.run(x, mode, frozen=self._frozen)
        return features.float()


def _copy_of(module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception as error:
        raise ParameterError(
            f"network cannot be copied: {type(error).__name__}: {error}. "
            "Pass a module whose attributes copy.deepcopy can copy."
        ) from error


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(str(size) for size in sizes)
