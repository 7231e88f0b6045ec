"""Tf-idf vectors of documents, as the papers build them for 20 Newsgroups and for Reuters.

A document with counts c_j of the kept words becomes v with v_j = tf(c_j) idf_j, or scale * v /
||v||_2 where the construction has a scale; idf_j = 1 + ln((1 + n) / (1 + n_j)), where n_j of the n
documents hold word j; tf(c) is c, or 1 + ln c in the sublinear form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import DataError, FileFormatError, require_choice, require_range

SCHEMA = "quantal.tfidf/1"
MAX_WORDS = 1_000_000
MAX_WORD_LENGTH = 1_000


@dataclass(frozen=True)
class Construction:
    """How counts become vectors.

    Attributes:
        min_words: Documents with fewer occurrences of kept words are dropped when fitting.
        sublinear: Whether tf is 1 + ln c instead of c.
        scale: L2 norm of every row that is not empty; None leaves rows as long as they are.
    """

    min_words: int
    sublinear: bool
    scale: float | None


CONSTRUCTIONS: dict[str, Construction] = {
    # A user's own text: as 20news, but every document keeps its row.
    "default": Construction(min_words=0, sublinear=False, scale=1.0),
    # Hu et al. 2017, section 4.1. They state neither tf nor norm. Their k-means has an accuracy of
    # 15.5: rows of one length give 37, sublinear rows left as they are 14.7.
    "20news": Construction(min_words=10, sublinear=True, scale=None),
    # Xie et al. 2016, authors' make_reuters_data: l2, sublinear, times sqrt(2000).
    "reuters": Construction(min_words=0, sublinear=True, scale=math.sqrt(2000)),
}


class TfIdf:
    """Tf-idf of the most frequent words, English stop words removed.

    Words are runs of two or more letters, digits or underscores, in lower case (scikit-learn's
    tokeniser and stop list); frequency is the number of occurrences in all documents.

    Args:
        construction: "default", "20news" or "reuters", see `CONSTRUCTIONS`.
        n_words: Most frequent words kept.

    Attributes:
        words_: The kept words in alphabetical order, one a column.
        idf_: (n_words,) float64 inverse document frequencies, at least 1.
        kept_: (n,) boolean: which of the documents given to `fit_transform` have a row.

    Source: Hu et al. 2017, arXiv:1702.08720, section 4.1 ("20news"); Xie et al. 2016,
    arXiv:1511.06335, and their code ("reuters").
    """

    def __init__(self, construction: str = "default", *, n_words: int = 2000) -> None:
        require_choice("construction", construction, CONSTRUCTIONS)
        require_range("n_words", n_words, low=1, high=MAX_WORDS, integer=True)
        self.construction = construction
        self.n_words = int(n_words)
        self.words_: list[str] = []
        self.idf_: NDArray[np.float64] = np.empty(0)
        self.kept_: NDArray[np.bool_] = np.empty(0, dtype=bool)

    def fit_transform(self, texts: Sequence[str], *, dense: bool = False) -> Any:
        """Choose words and idf on ``texts`` and return the rows of the documents kept.

        Args:
            texts: n documents.
            dense: Return an array instead of a CSR array.

        Returns:
            (kept_.sum(), len(words_)) float32.

        Raises:
            DataError: No word, or no document, is left.
        """
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

        counter = CountVectorizer(stop_words="english", max_features=self.n_words)
        try:
            counts = counter.fit_transform(texts)
        except ValueError:
            raise DataError(
                f"None of the {len(texts)} documents holds a word of two or more letters that is "
                "not an English stop word. Check that the texts are what you meant."
            ) from None
        minimum = CONSTRUCTIONS[self.construction].min_words
        self.kept_ = np.asarray(counts.sum(axis=1)).ravel() >= minimum
        if not self.kept_.any():
            raise DataError(
                f"Every document has fewer than {minimum} of the {counts.shape[1]} most frequent "
                f"words, so the {self.construction!r} construction drops them all. Use the default "
                "construction, which keeps short documents."
            )
        counts = sp.csr_array(counts[self.kept_])
        self.words_ = [str(word) for word in counter.get_feature_names_out()]
        self.idf_ = np.asarray(TfidfTransformer().fit(counts).idf_, dtype=np.float64)
        return self._weigh(counts, dense)

    def transform(self, texts: Sequence[str], *, dense: bool = False) -> Any:
        """Return one row for every document; one without a known word becomes a row of zeros.

        Args:
            texts: n documents.
            dense: Return an array instead of a CSR array.

        Returns:
            (n, len(words_)) float32.
        """
        from sklearn.feature_extraction.text import CountVectorizer

        if not self.words_:
            raise DataError("This TfIdf has no words yet. Call fit_transform first.")
        counter = CountVectorizer(stop_words="english", vocabulary=self.words_)
        return self._weigh(sp.csr_array(counter.transform(texts)), dense)

    def _weigh(self, counts: Any, dense: bool) -> Any:
        """(n, d) counts -> (n, d) float32 of norm ``scale``; rows without a word stay zero."""
        form = CONSTRUCTIONS[self.construction]
        values = counts.astype(np.float64)
        if form.sublinear:
            values.data = 1 + np.log(values.data)
        values.data *= self.idf_[values.indices]
        if form.scale is not None:
            row = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
            norms = np.sqrt(np.bincount(row, values.data**2, minlength=values.shape[0]))
            values.data *= form.scale / norms[row]
        values = values.astype(np.float32)
        return values.toarray() if dense else values

    def to_config(self) -> dict[str, Any]:
        """Return everything `transform` needs, as JSON values."""
        return {
            "schema": SCHEMA,
            "construction": self.construction,
            **asdict(CONSTRUCTIONS[self.construction]),
            "n_words": self.n_words,
            "words": list(self.words_),
            "idf": [float(value) for value in self.idf_],
        }

    @classmethod
    def from_config(cls, config: Any) -> TfIdf:
        """Rebuild from `to_config`'s value, which may come from a file nobody vouches for.

        Raises:
            FileFormatError: Another schema, a missing or unknown entry, or a value out of bounds.
        """
        words, idf = _checked_vocabulary(config)
        restored = cls(config["construction"], n_words=config["n_words"])
        expected = asdict(CONSTRUCTIONS[restored.construction])
        wrong = [name for name, value in expected.items() if config[name] != value]
        if wrong:
            raise _refused(f"{wrong[0]} is {config[wrong[0]]!r}, not {expected[wrong[0]]!r}")
        restored.words_, restored.idf_ = words, idf
        return restored


_ENTRIES = {
    *("schema", "construction", "n_words", "words", "idf"),
    *asdict(CONSTRUCTIONS["default"]),
}


def _checked_vocabulary(config: Any) -> tuple[list[str], NDArray[np.float64]]:
    if not isinstance(config, dict) or config.get("schema") != SCHEMA:
        raise _refused(f"its schema is not {SCHEMA!r}")
    if set(config) != _ENTRIES:
        odd = sorted(map(str, set(config) ^ _ENTRIES))
        raise _refused(f"entries are missing or unknown: {', '.join(odd[:5])}")
    words, idf, n_words = config["words"], config["idf"], config["n_words"]
    known = isinstance(config["construction"], str) and config["construction"] in CONSTRUCTIONS
    if not known or type(n_words) is not int or not 1 <= n_words <= MAX_WORDS:
        raise _refused("construction or n_words has a value that is not allowed")
    if not (isinstance(words, list) and isinstance(idf, list) and len(words) == len(idf)):
        raise _refused("words and idf must be lists of one length")
    if not 1 <= len(words) <= n_words:
        raise _refused(f"{len(words)} words, allowed are 1 to {n_words}")
    if not all(isinstance(word, str) and 1 <= len(word) <= MAX_WORD_LENGTH for word in words):
        raise _refused("a word is not a string of 1 to 1000 characters")
    if len(set(words)) < len(words):
        raise _refused("a word is there twice")
    if not all(type(value) in {int, float} and 0 < value < 100 for value in idf):
        raise _refused("an idf is not a number in (0, 100)")
    return list(words), np.array(idf, dtype=np.float64)


def _refused(reason: str) -> FileFormatError:
    return FileFormatError(
        f"The saved tf-idf vocabulary cannot be used: {reason}. Fit and save the model again."
    )
