"""The page on which a person searches by an example."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import numpy as np
from fastapi import File, Form, Query, Response, UploadFile

from ...errors import ParameterError
from .example import image_example, text_example, vector_example
from .explorer import Explorer
from .nearest import Hits
from .rendering import render

HITS = 48
MOST_UPLOAD = 32 << 20


class ExampleSearch:
    """Finds the rows nearest to a row, an image, numbers or a text.

    Args:
        explorer: what is searched.
    """

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer

    def by_row(
        self,
        row: Annotated[str, Query(max_length=12)] = "",
        measure: Annotated[str, Query(max_length=20)] = "",
    ) -> Response:
        """Show the form, and the rows nearest to one that is there already."""
        explorer = self._explorer
        if not row:
            return self._page(self._measure(measure))
        if not (row.isascii() and row.isdecimal()):
            raise ParameterError(f"A row is given by its number, got {row!r}.")
        number = explorer.require_row(int(row))
        example = explorer.rows.take(slice(number, number + 1))
        [shown] = explorer.shown([number])
        chosen = self._measure(measure)
        here = f"/search?row={number}&measure={chosen}"
        return self._found(example, chosen, number, shown=shown, here=here)

    async def by_example(
        self,
        image: Annotated[UploadFile | None, File()] = None,
        vector: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        measure: Annotated[str, Form()] = "",
    ) -> Response:
        """Show the rows nearest to what was sent."""
        from fastapi.concurrency import run_in_threadpool

        content = b""
        if image is not None:
            content = await image.read(MOST_UPLOAD + 1)
        if len(content) > MOST_UPLOAD:
            raise ParameterError(f"An image file has at most {MOST_UPLOAD >> 20} MiB.")
        return await run_in_threadpool(self._answer, content, vector, text, measure)

    def _answer(self, content: bytes, vector: str, text: str, measure: str) -> Response:
        example, said = self._example(content, vector, text)
        return self._found(example, self._measure(measure), said=said, vector=vector, text=text)

    def _example(self, content: bytes, vector: str, text: str) -> tuple[Any, str]:
        rows = self._explorer.rows
        if rows.form == "text":
            return text_example(text), "the text"
        if content and rows.form == "image":
            return image_example(rows, content), "the image"
        if vector.strip():
            return vector_example(rows, vector), "the pasted numbers"
        wanted = "Choose an image file" if rows.form == "image" else "Paste the numbers of a row"
        raise ParameterError(f"There was no example to search by. {wanted}.")

    def _found(
        self, example: Any, measure: str, without: int | None = None, **values: Any
    ) -> Response:
        explorer = self._explorer
        hits = explorer.nearest.search(example, measure, HITS, without=without)
        picture = ""
        if explorer.rows.form == "image" and len(np.shape(example)) > 2:
            picture = explorer.pictures.data_uri(np.asarray(example[0]))
        shown = explorer.shown(hits.rows, distances=_in_words(hits))
        counts = Counter(hit.cluster.number for hit in shown).most_common(3)
        titles = {hit.cluster.number: hit.cluster.title for hit in shown}
        where = [(number, titles[number], count) for number, count in counts]
        guesses = explorer.guesses(example, most=3)
        return self._page(
            measure,
            hits=shown,
            note=hits.note,
            where=where,
            guesses=guesses,
            picture=picture,
            **values,
        )

    def _page(self, measure: str, here: str = "/search", **values: Any) -> Response:
        explorer = self._explorer
        known: dict[str, Any] = {
            "hits": None,
            "note": "",
            "where": [],
            "guesses": [],
            "shown": None,
            "said": "",
            "picture": "",
            "vector": "",
            "text": "",
        }
        return render(
            "search",
            **explorer.frame(here),
            others=[(number, title) for number, title, _ in values.get("where", [])],
            chosen=measure,
            measures=explorer.nearest.measures,
            width=explorer.rows.data.n_features,
            **{**known, **values},
        )

    def _measure(self, asked: str) -> str:
        measures = self._explorer.nearest.measures
        return asked if asked in measures else next(iter(measures))


def _in_words(hits: Hits) -> list[str]:
    if hits.unit == "bits":
        return [f"{int(d)} bit{'' if d == 1 else 's'}" for d in hits.distances]
    return [f"{d:.3g}" for d in hits.distances]
