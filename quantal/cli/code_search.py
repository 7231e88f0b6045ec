"""From the options of ``quantal search`` to the search in `quantal.codes` that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from ..errors import ParameterError, require_choice, require_range
from .hits import Hits, hits_of_lists, hits_of_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..codes import Codes, CodeStore, LinearDecoder

DEFAULT_K = 10
METRICS = ("l2", "inner_product")
Metric = Literal["l2", "inner_product"]

Find = Callable[[Any], Hits]
"""Rows of queries, as a data set holds them, to what was found for them."""


@dataclass(frozen=True)
class SearchRequest:
    """What the user asked for.

    Attributes:
        k: Codes per query.
        radius: Hamming radius instead.
        asymmetric: Whether codes are ranked by the query itself, not by its code.
        candidates: Codes per query that the query itself ranks; None: all.
        index: Kind of faiss index; None: exact search without one.
        index_options: Its options.
        metric: "l2" or "inner_product", by which the query itself ranks.

    Raises:
        ParameterError: Out of range, or options that exclude each other.
    """

    k: int | None = None
    radius: int | None = None
    asymmetric: bool = False
    candidates: int | None = None
    index: str | None = None
    index_options: Mapping[str, Any] = field(default_factory=dict)
    metric: str = "l2"

    def __post_init__(self) -> None:
        for option, value, low in (
            ("-k", self.k, 1),
            ("--radius", self.radius, 0),
            ("--candidates", self.candidates, 1),
        ):
            if value is not None:
                require_range(option, value, low=low, integer=True)
        if self.radius is not None and self.k is not None:
            raise ParameterError("-k and --radius ask for different things. Leave one of them out.")
        require_choice("--metric", self.metric, METRICS)
        if self.asymmetric:
            self._require_ranking()
        elif self.metric != "l2":
            raise ParameterError(
                "--metric inner_product needs the query itself, not its code: codes know no "
                "lengths. Add --asymmetric."
            )
        elif self.candidates is not None:
            raise ParameterError(
                "--candidates says how many codes --asymmetric ranks. Add --asymmetric, or leave "
                "--candidates out."
            )
        self._require_index()

    @property
    def n_hits(self) -> int:
        """Codes per query, where no radius is asked for."""
        return DEFAULT_K if self.k is None else int(self.k)

    def _require_ranking(self) -> None:
        if self.radius is not None:
            raise ParameterError(
                "--radius is a Hamming distance, and --asymmetric ranks by another one. Use -k."
            )
        if self.candidates is not None and self.candidates < self.n_hits:
            raise ParameterError(
                f"--candidates {self.candidates} is less than -k {self.n_hits}. Rank ten to a "
                "hundred times as many as you want."
            )
        if self.index is not None and self.candidates is None:
            raise ParameterError(
                "--asymmetric without --candidates ranks every code and needs no --index. Leave "
                f"--index out, or say how many codes to rank: --candidates {20 * self.n_hits}"
            )

    def _require_index(self) -> None:
        if self.index is None:
            if self.index_options:
                raise ParameterError(
                    "--set sets options of an index. Name it with --index, or leave --set out."
                )
            return
        from ..codes.faiss_kinds import KINDS

        require_choice("--index", self.index, KINDS)
        if self.radius is not None and not KINDS[self.index].has_radius:
            able = ", ".join(name for name, kind in KINDS.items() if kind.has_radius)
            raise ParameterError(
                f"An index of kind {self.index} cannot search by radius. Use one of {able}, or "
                "leave --index out for exact search."
            )


def finder(
    request: SearchRequest, model: Any, codes: Codes | CodeStore, *, is_repeated: bool
) -> Find:
    """Return the search; everything that can be wrong is found here, before queries are read.

    Args:
        request: what is wanted.
        model: the hasher that made the codes.
        codes: what is searched; a store only by Hamming distance, for the k nearest.
        is_repeated: whether the search will be called more than once.

    Raises:
        ParameterError: The model cannot rank codes by a query itself.
        MissingExtraError: The index needs faiss, which is not installed.
    """
    from ..codes import CodeStore, hamming_radius

    if isinstance(codes, CodeStore):
        store = codes
        return lambda rows: hits_of_table(*store.search(model.encode(rows), request.n_hits))
    if request.asymmetric:
        return _asymmetric(request, model, codes, is_repeated=is_repeated)
    radius = request.radius
    if radius is None:
        nearest = _nearest(request, codes)
        return lambda rows: hits_of_table(*nearest(model.encode(rows), request.n_hits))
    if request.index is not None:
        index = _index(request, codes)
        return lambda rows: hits_of_lists(*index.radius(model.encode(rows), radius))
    packed = codes.packed
    return lambda rows: hits_of_lists(*hamming_radius(packed, model.encode(rows), radius))


def _nearest(
    request: SearchRequest, codes: Codes
) -> Callable[[NDArray[Any], int], tuple[NDArray[Any], NDArray[Any]]]:
    """Return the function (packed queries, k) -> distances and row numbers, (q, k) each."""
    if request.index is not None:
        search: Callable[..., tuple[NDArray[Any], NDArray[Any]]] = _index(request, codes).search
        return search
    from ..codes import hamming_search

    return lambda queries, k: hamming_search(codes.packed, queries, k)


def _index(request: SearchRequest, codes: Codes) -> Any:
    from ..codes import CodeIndex

    kind: Any = request.index
    return CodeIndex(codes.n_bits, kind, **request.index_options).add(codes.packed)


def _asymmetric(request: SearchRequest, model: Any, codes: Codes, *, is_repeated: bool) -> Find:
    from ..codes import asymmetric_search

    decoder = decoder_of(model)
    k, metric = request.n_hits, cast("Metric", request.metric)
    if request.candidates is None:
        needs_norms = is_repeated and metric == "l2"
        norms = decoder.squared_norms(codes.packed) if needs_norms else None

        def rank_all(rows: Any) -> Hits:
            return hits_of_table(
                *asymmetric_search(codes.packed, rows, decoder, k, metric, norms=norms)
            )

        return rank_all
    nearest = _nearest(request, codes)
    n_candidates = min(request.candidates, len(codes))

    def rank_candidates(rows: Any) -> Hits:
        _, near = nearest(model.encode(rows), n_candidates)
        return hits_of_table(
            *asymmetric_search(codes.packed, rows, decoder, k, metric, candidates=near)
        )

    return rank_candidates


def decoder_of(model: Any) -> LinearDecoder:
    """Return the linear decoder of a hasher that has one.

    Raises:
        ParameterError: It has none.
    """
    if not (hasattr(model, "codewords_") and hasattr(model, "offset_")):
        raise ParameterError(
            f"--asymmetric needs a model with a linear decoder, which {type(model).__name__} does "
            "not have. Use a model of itq, or fit a decoder in Python: "
            "quantal.codes.fit_decoder(rows, bits)"
        )
    from ..codes import LinearDecoder

    return LinearDecoder(model.offset_, model.codewords_)


def require_same_maker(
    codes: Codes | CodeStore, what: str, model_path: Any, model: Any, maker: str
) -> None:
    """Raise ParameterError unless codes are known to come from this model, or of unknown origin.

    Args:
        codes: as read.
        what: what the message calls them.
        model_path: folder of the model.
        model: the hasher.
        maker: its `quantal.cli.fitted_models.maker_of`.
    """
    from ..codes import CodeStore

    again = f"Encode the rows with it: quantal encode {model_path} DATA --out "
    again += f"codes.npy, and store those again as {what}" if isinstance(codes, CodeStore) else what
    if codes.n_bits != model.n_bits:
        raise ParameterError(
            f"{what} holds codes of {codes.n_bits} bits, but {model_path} makes "
            f"{model.n_bits}. {again}"
        )
    if codes.method is None:
        return
    method, _, fingerprint = codes.method.partition(" ")
    own_method, _, own_fingerprint = maker.partition(" ")
    if method != own_method:
        raise ParameterError(
            f"{what} was made by the method {method}, but {model_path} is one of {own_method}. "
            f"{again}"
        )
    if fingerprint and fingerprint != own_fingerprint:
        raise ParameterError(
            f"{what} was made by another model of {method} than {model_path}, so distances would "
            f"mean nothing. {again}"
        )
