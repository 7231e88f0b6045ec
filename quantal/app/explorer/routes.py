"""The explorer's addresses: pages to look at, and forms that change something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import StreamingResponse
from starlette.convertors import Convertor, register_url_convertor

from ...errors import ParameterError
from .example_search import ExampleSearch
from .explorer import STRIP, Explorer
from .export_labels import EditedLabels
from .overview import CARDS, SHOWN, SORTS, chosen_clusters, page_of
from .rendering import render, see_other
from .splitting import find_parts

MEMBERS = 48
HISTORY = 200
OFFERED = 200  # clusters that a field suggests
THUMBNAIL = 160
LONGEST_TEXT = 20_000
LONGEST_NUMBER = 18  # digits of a row or cluster; Python refuses to read thousands of them
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
Endpoint = Callable[..., Any]
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form()]
Word = Annotated[str, Query(max_length=200)]


class Number(Convertor[int]):
    """A number in an address that is short enough to be one."""

    regex = f"[0-9]{{1,{LONGEST_NUMBER}}}"

    def convert(self, value: str) -> int:
        """Return what was written as a number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return the number as it is written."""
        return str(value)


# The table is that of all applications in the process, so the name must be ours alone.
register_url_convertor("quantal_number", Number())


def add_routes(router: APIRouter, explorer: Explorer) -> None:
    """Add all pages and forms to a router.

    Args:
        router: where to.
        explorer: what they speak of.
    """
    pages, forms, files = Pages(explorer), Forms(explorer), Files(explorer)
    search = ExampleSearch(explorer)
    get: dict[str, Endpoint] = {
        "/": pages.overview,
        "/clusters/{number:quantal_number}": pages.cluster,
        "/rows/{row:quantal_number}": pages.row,
        "/history": pages.history,
        "/keys": pages.keys,
        "/search": search.by_row,
        "/rows/{row:quantal_number}.png": files.picture,
        "/strip.png": files.strip,
        "/export.csv": files.csv,
        "/export.parquet": files.parquet,
    }
    post: dict[str, Endpoint] = {
        "/search": search.by_example,
        "/edits/merge": forms.merge,
        "/edits/split": forms.split,
        "/edits/rename": forms.rename,
        "/edits/junk": forms.junk,
        "/edits/move": forms.move,
        "/edits/undo": forms.undo,
        "/edits/redo": forms.redo,
    }
    for method, table in (("GET", get), ("POST", post)):
        for path, endpoint in table.items():
            router.add_api_route(path, endpoint, methods=[method], response_model=None)


class Pages:
    """What is looked at."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer

    def overview(
        self, sort: Word = "largest", show: Word = "all", find: Word = "", page: Word = "1"
    ) -> Response:
        """Show cards of clusters."""
        explorer = self._explorer
        asked = {
            "sort": sort if sort in SORTS else "largest",
            "show": show if show in SHOWN else "all",
            "find": find,
        }
        every = explorer.curation.clusters()
        found = page_of(chosen_clusters(every, sort, show, find), _page_number(page), CARDS)

        def at_page(number: int) -> str:
            return f"/?{urlencode({**asked, 'page': number})}"

        return render(
            "overview",
            **explorer.frame(at_page(found.number)),
            at_page=at_page,
            page=found,
            cards=[explorer.card(cluster) for cluster in found.items],
            n_clusters=len(every),
            n_junk=sum(cluster.tag.is_junk for cluster in every),
            sorts=SORTS,
            shows=SHOWN,
            asked=asked,
        )

    def cluster(self, number: int, order: Word = "typical", page: Word = "1") -> Response:
        """Show one cluster's members."""
        explorer = self._explorer
        cluster = explorer.curation.cluster(number)
        order = "doubtful" if order == "doubtful" else "typical"
        members = cluster.members[::-1] if order == "doubtful" else cluster.members
        found = page_of(members, _page_number(page), MEMBERS)
        return render(
            "cluster",
            **explorer.frame(f"/clusters/{number}?order={order}&page={found.number}"),
            cluster=cluster,
            share=len(cluster) / len(explorer.rows),
            order=order,
            page=found,
            members=explorer.shown(found.items),
            others=self._offered(number),
        )

    def row(self, row: int) -> Response:
        """Show one row and what the model says of it."""
        explorer = self._explorer
        explorer.require_row(row)
        taken = explorer.rows.take(slice(row, row + 1))
        [shown] = explorer.shown([row])
        texts = explorer.rows.data.texts
        return render(
            "row",
            **explorer.frame(f"/rows/{row}"),
            shown=shown,
            whole="" if texts is None else texts[row][:LONGEST_TEXT],
            original=int(explorer.curation.original[row]),
            guesses=explorer.guesses(taken),
            others=self._offered(shown.cluster.number),
        )

    def history(self) -> Response:
        """List the edits."""
        explorer = self._explorer
        entries = explorer.curation.history(HISTORY)
        path = explorer.curation.path.name
        return render(
            "history", **explorer.frame("/history"), entries=entries, path=path, most=HISTORY
        )

    def keys(self) -> Response:
        """List the keyboard shortcuts."""
        return render("keys", **self._explorer.frame("/keys"))

    def _offered(self, number: int) -> list[tuple[int, str]]:
        clusters = self._explorer.curation.clusters()
        others = [cluster for cluster in clusters if cluster.number != number]
        largest = sorted(others, key=lambda cluster: -len(cluster))[:OFFERED]
        return [(cluster.number, cluster.title) for cluster in largest]


class Forms:
    """What changes something; every form leads back to a page."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer, self._curation = explorer, explorer.curation

    def merge(self, cluster: Texts = [], back: Text = "/") -> Response:  # noqa: B006
        """Join the clusters that were chosen."""
        numbers = [_whole(number, "A cluster") for number in cluster]
        into = self._curation.merge(numbers)
        return self._return(back, f"/clusters/{into}")

    def split(self, cluster: Text = "", parts: Text = "", back: Text = "/") -> Response:
        """Divide a cluster by k-means."""
        found = self._curation.cluster(_whole(cluster, "A cluster"))
        n_parts = _whole(parts, "The number of parts")
        self._curation.split(found, find_parts(self._explorer.rows, found, n_parts))
        return self._return(back)

    def rename(self, cluster: Text = "", name: Text = "", back: Text = "/") -> Response:
        """Name a cluster."""
        self._curation.rename(_whole(cluster, "A cluster"), name)
        return self._return(back)

    def junk(self, cluster: Text = "", junk: Text = "", back: Text = "/") -> Response:
        """Put a cluster aside, or take it back."""
        self._curation.mark_junk(_whole(cluster, "A cluster"), junk == "yes")
        return self._return(back)

    def move(self, row: Texts = [], into: Text = "", back: Text = "/") -> Response:  # noqa: B006
        """Move rows to another cluster."""
        rows = [_whole(number, "A row") for number in row]
        self._curation.move(rows, _whole(into, "The cluster to move to"))
        return self._return(back)

    def undo(self, back: Text = "/") -> Response:
        """Take back the last edit."""
        self._curation.undo()
        return self._return(back)

    def redo(self, back: Text = "/") -> Response:
        """Make an edit again that was taken back."""
        self._curation.redo()
        return self._return(back)

    def _return(self, back: str, otherwise: str = "/") -> Response:
        """Go back to the page of the form, or elsewhere if its cluster is gone."""
        head, _, number = back.partition("?")[0].rpartition("/")
        if head == "/clusters" and number.isdecimal() and len(number) <= LONGEST_NUMBER:
            try:
                self._curation.cluster(int(number))
            except ParameterError:
                back = otherwise
        return see_other(back)


class Files:
    """What is loaded by pages or taken away."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer

    def picture(self, row: int, size: Word = "") -> Response:
        """Give an image row as PNG."""
        self._require_images()
        self._explorer.require_row(row)
        pictures = self._explorer.pictures
        png = pictures.png(row, THUMBNAIL) if size == "small" else pictures.png(row)
        return Response(png, media_type="image/png", headers=KEPT)

    def strip(self, rows: Word = "") -> Response:
        """Give some image rows side by side as PNG."""
        self._require_images()
        chosen = [_whole(row, "A row") for row in rows.split("-")[: STRIP + 1]]
        if len(chosen) > STRIP:
            raise ParameterError(f"A strip shows at most {STRIP} rows.")
        for row in chosen:
            self._explorer.require_row(row)
        png = self._explorer.pictures.strip(chosen)
        return Response(png, media_type="image/png", headers=KEPT)

    def csv(self) -> Response:
        """Give the edited labels as CSV."""
        return self._download(self._labels().csv(), "labels.csv", "text/csv; charset=utf-8")

    def parquet(self) -> Response:
        """Give the edited labels as Parquet."""
        kind = "application/vnd.apache.parquet"
        return self._download(self._labels().parquet(), "labels.parquet", kind)

    def _labels(self) -> EditedLabels:
        return EditedLabels(self._explorer.rows, self._explorer.curation)

    def _download(self, content: Iterator[bytes], name: str, kind: str) -> Response:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        first = next(content, b"")  # a failure is still an error here, and later half a file
        return StreamingResponse(chain([first], content), media_type=kind, headers=headers)

    def _require_images(self) -> None:
        if self._explorer.rows.form != "image":
            raise ParameterError(
                f"The rows are {self._explorer.rows.form}s, which have no pictures."
            )


def _whole(text: str, what: str) -> int:
    """Read a number of a form."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise ParameterError(f"{what} is given by its number, got {text[:40]!r}.")
    return int(text)


def _page_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 1
