"""`open_source`: one door for everything that can be read."""

from __future__ import annotations

import difflib
import errno
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError
from .arrays import read_array
from .dataset import Dataset
from .options import Options, parse_options, require_concerned
from .text_files import documents_dataset

NAMED_PREFIX = "name:"


@dataclass(frozen=True)
class Format:
    """One kind of file: its suffixes and the function of this folder that reads it."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    function: str
    title: str

    def read(self, path: Path, options: Options) -> Dataset:
        """Import the reader (some need heavy libraries) and call it."""
        module = importlib.import_module(f".{self.module}", __package__)
        reader: Callable[[Path, Options], Dataset] = getattr(module, self.function)
        return reader(path, options)


FORMATS: tuple[Format, ...] = (
    Format("npy", (".npy",), "numpy_files", "read_npy", "a NumPy array"),
    Format("npz", (".npz",), "numpy_files", "read_npz", "NumPy arrays"),
    Format("parquet", (".parquet",), "parquet_files", "read_parquet", "a Parquet table"),
    Format("csv", (".csv", ".tsv"), "csv_files", "read_csv", "a table in text form"),
    Format("hdf5", (".h5", ".hdf5"), "hdf5_files", "read_hdf5", "an HDF5 file"),
    Format("vecs", (".fvecs", ".bvecs", ".ivecs"), "vector_files", "read_vectors", "vectors"),
    Format("jsonl", (".jsonl", ".jsonl.gz"), "text_files", "read_jsonl", "documents as JSON lines"),
    Format("text", (".txt", ".txt.gz"), "text_files", "read_lines", "one document a line"),
)
IMAGES = Format("images", (), "image_folder", "read_images", "a folder of images")
NAMED = Format("named", (), "named", "read_named", "a named data set")


def open_source(source: Any, **options: Any) -> Dataset:
    """Open rows without labels from a file, a folder, a named set or an array.

    Args:
        source: Path of ``.npy`` (memory-mapped), ``.npz``, ``.parquet``, ``.csv``, ``.tsv``,
            ``.h5``, ``.fvecs``, ``.bvecs``, ``.ivecs``, ``.jsonl[.gz]``, ``.txt[.gz]`` or of a
            folder of images; "name:digits" for a named set; or an array, a SciPy sparse array,
            anything that ``numpy.asarray`` understands, or a list of texts. A Dataset is returned
            as it is.
        **options: ``image_size`` (pixels, (height, width) or "HxW"), ``color`` ("auto", "grey",
            "rgb") and ``skip_unreadable`` for images; ``key`` (array in ``.npz``/``.h5``, field in
            ``.jsonl``); ``columns`` and ``drop`` (names) for tables; ``header`` (``.csv``);
            ``text`` ("20news", "reuters") and ``features`` ("gist", "wordllama", ...) for
            `quantal.features.open_features`; ``data_dir`` for named sets; ``like`` (a kind) where
            the settings come from another set's ``reader``.

    Returns:
        The rows, checked: at least two that differ (one is enough with ``like``), all finite.

    Raises:
        ParameterError: An unknown option, a value not allowed, or an option for another format.
        DataError: The data cannot be used: missing, empty, not finite, labels, mixed widths, ...
        FileFormatError: The file is damaged, truncated or lies about itself.
        MissingExtraError: ``.h5`` without h5py.
    """
    checked = parse_options(options)
    if isinstance(source, Dataset):
        return source
    if isinstance(source, (list, tuple)) and source and all(isinstance(t, str) for t in source):
        require_concerned(checked, "text", "a list of texts")
        return documents_dataset(source, None, checked, name="texts", what="The list")
    if not isinstance(source, (str, Path)):
        require_concerned(checked, "array", "an array")
        return read_array(source, checked)
    if isinstance(source, str) and source.startswith(NAMED_PREFIX):
        require_concerned(checked, NAMED.name, NAMED.title)
        return NAMED.read(Path(source.removeprefix(NAMED_PREFIX)), checked)
    if str(source) == "":
        raise DataError("The path of the data is empty. Name a file, a folder or name:digits.")
    path = Path(source)
    chosen = format_of(path)
    require_concerned(checked, chosen.name, f"{path.name} ({chosen.title})")
    try:
        return chosen.read(path, checked)
    except PermissionError:
        raise DataError(f"{path} may not be read. Check its permissions.") from None
    except (MemoryError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:  # of a memory map
            raise
        raise DataError(
            f"{path} needs more memory than this process can have. Raise its limit, or pass a part "
            "of the rows."
        ) from None


def format_of(path: Path) -> Format:
    """Return the format of a path by its suffix.

    Raises:
        DataError: A missing path (with the closest name beside it) or an unknown suffix.
    """
    try:
        is_there = path.exists()
    except OSError as error:  # a name longer than the system allows
        raise DataError(f"{path} is no path ({error.strerror}). Check it.") from None
    if path.is_symlink() and not is_there:
        raise DataError(f"{path} is a link to a file that does not exist. Correct the link.")
    if not is_there:
        raise DataError(f"{path} does not exist.{_close_name(path)}")
    if path.is_dir():
        return IMAGES
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder. Save the data to a file first.")
    name = path.name.lower()
    for known in FORMATS:
        if name.endswith(known.suffixes):
            return known
    raise DataError(
        f"{path.name}: files of type {path.suffix or '(no suffix)'!r} cannot be read. Supported "
        f"are {', '.join(suffix for known in FORMATS for suffix in known.suffixes)}, folders of "
        "images, and named sets such as name:digits."
    )


def _close_name(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f" The folder {parent} does not exist either; check the path."
    close = difflib.get_close_matches(path.name, [entry.name for entry in parent.iterdir()], n=1)
    if close:
        return f" Did you mean {str(parent / close[0])!r}?"
    return " Check the path; a named set is written like name:digits."
