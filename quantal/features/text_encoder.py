"""Texts described by token vectors that were trained on other texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import FileFormatError, require_extra
from .packaged_weights import packaged_bytes

PACKAGE, EXTRA = "wordllama", "text"
WEIGHTS = "weights/l2_supercat_256.safetensors"
WEIGHTS_SHA256 = ("64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",)
TOKENS = "tokenizers/l2_supercat_tokenizer_config.json"
TOKENS_SHA256 = (  # with and without a line break at the end
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
    "bf467c9e0f536bda271283c6ef85eb1a943e3196b621c8a912d64953b205df83",
)
SCHEMA = "quantal.wordllama/1"
BATCH = 256  # documents
WIDTH = 256


class WordLlama:
    """The mean of a document's token vectors, brought to length 1: 256 numbers of any text.

    The 32,000 vectors are frozen and come inside an installed package (extra ``text``), so nothing
    is downloaded. They began as the input vectors of large language models (Llama 2, Phi 3) and
    were trained further to tell related texts: results on them are not those of a method that has
    seen nothing but the data. The order of the words does not count; English is served best. A
    document without a token becomes a row of zeros.

    Source: D. L. Miller 2024, WordLlama, model l2_supercat of 256 dimensions.
    """

    @property
    def n_features(self) -> int:
        """Numbers a document."""
        return WIDTH

    def transform(
        self, texts: Sequence[str], on_rows: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Describe every document; none depends on the others.

        Args:
            texts: n documents.
            on_rows: Called now and then with the number of documents described and n.

        Returns:
            (n, 256) float32 of length 1, or 0 where a document is empty.

        Raises:
            MissingExtraError: The extra ``text`` is not installed.
        """
        tokenizer, vectors = _tokenizer(), _vectors()
        out = np.empty((len(texts), self.n_features), np.float32)
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            found = tokenizer.encode_batch(batch, add_special_tokens=False)
            out[start : start + len(batch)] = _means([each.ids for each in found], vectors)
            if on_rows is not None:
                on_rows(start + len(batch), len(texts))
        return out

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""
        return {"schema": SCHEMA}

    @classmethod
    def from_config(cls, config: Any) -> Self:
        """Rebuild from `to_config`'s value, which may come from a file nobody vouches for.

        Args:
            config: What `to_config` returned.

        Raises:
            FileFormatError: It is something else.
        """
        if config != {"schema": SCHEMA}:
            raise FileFormatError(
                f"The saved settings of wordllama cannot be used: they are not those of {SCHEMA}. "
                "Fit and save the model again."
            )
        return cls()


def _means(tokens: list[list[int]], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add up the vectors of each document's tokens and bring the sums to length 1."""
    ends = np.cumsum([0, *map(len, tokens)])
    ids = np.fromiter((token for document in tokens for token in document), np.int64, ends[-1])
    counts = sp.csr_array(
        (np.ones(len(ids), np.float32), ids, ends), shape=(len(tokens), len(vectors))
    )
    sums: NDArray[np.float32] = counts @ vectors
    lengths = np.sqrt((sums**2).sum(axis=1, keepdims=True))
    unit: NDArray[np.float32] = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
    return unit


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    content = packaged_bytes(PACKAGE, TOKENS, TOKENS_SHA256, EXTRA)
    tokenizer = require_extra("tokenizers", EXTRA).Tokenizer.from_str(content.decode())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@lru_cache(maxsize=1)
def _vectors() -> NDArray[np.float32]:
    """Return the (32000, 256) vectors."""
    from safetensors.numpy import load

    content = packaged_bytes(PACKAGE, WEIGHTS, WEIGHTS_SHA256, EXTRA)
    vectors: NDArray[Any] = load(content)["embedding.weight"]
    return vectors.astype(np.float32)
