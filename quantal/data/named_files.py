"""Reading the files of the named data sets: rows, labels and names, by layout."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from .file_hash import file_sha256
from .named_sets import NamedFile
from .numpy_files import load_npz_array
from .text_files import iterate_lines

CIFAR_BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
OMNIGLOT_SEED = 0  # the papers do not say which 100 of the 116 characters they used
OMNIGLOT_CHARACTERS = 100
REUTERS_TOPICS = ("earn", "acq", "crude", "trade")  # the four with the most single-topic documents


@dataclass(frozen=True)
class Contents:
    """Everything that one file holds; labels stay in this package until metrics ask."""

    labels: NDArray[np.int64]
    x: NDArray[Any] | None = None
    texts: list[str] | None = None
    ids: list[str] | None = None


def embedded_digits() -> Contents:
    """Return scikit-learn's digits as (1797, 8, 8) float32 with values 0 to 16."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return Contents(digits.target.astype(np.int64), x=digits.images.astype(np.float32))


def arrays(path: Path) -> Contents:
    """Read ``x`` and ``y`` of an ``.npz`` file."""
    return Contents(load_npz_array(path, "y").astype(np.int64), x=load_npz_array(path, "x"))


def train_test_arrays(path: Path) -> Contents:
    """Read ``x_train``, ``x_test``, ``y_train``, ``y_test``; training rows first."""
    x = np.concatenate([load_npz_array(path, f"x_{half}") for half in ("train", "test")])
    y = np.concatenate([load_npz_array(path, f"y_{half}") for half in ("train", "test")])
    return Contents(y.astype(np.int64), x=x)


def omniglot(path: Path) -> Contents:
    """Build the IMSAT paper's rows: 100 characters, 21 x 21 block means, ink 1 on 0.

    Returns:
        x (2000, 21, 21) float32 in [0, 1], multiples of 1/25; labels 0..99 in the order of the
        characters' numbers in the file.

    Source: Hu et al. 2017, section 4.1. They say neither which characters nor how the 105 x 105
    pixels became 21 x 21: here a draw with seed 0, and the mean of 5 x 5 blocks.
    """
    pixels, character = load_npz_array(path, "x"), load_npz_array(path, "y")
    rng = np.random.default_rng(OMNIGLOT_SEED)
    known = np.unique(character)
    chosen = np.sort(rng.choice(known, OMNIGLOT_CHARACTERS, replace=False))
    kept = np.isin(character, chosen)
    blocks = pixels[kept].reshape(-1, 21, 5, 21, 5)
    ink = (255 - blocks).mean(axis=(2, 4), dtype=np.float64) / 255  # the file has ink 0 on 255
    labels = np.searchsorted(chosen, character[kept])
    return Contents(labels.astype(np.int64), x=ink.astype(np.float32))  # (2000, 21, 21)


def cifar_archive(path: Path) -> Contents:
    """Read the published archive of CIFAR-10: records of a label and three planes of 32 x 32.

    Returns:
        x (n, 32, 32, 3) uint8, the training batches first, in their order.
    """
    batches: dict[str, NDArray[np.uint8]] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            content = archive.extractfile(member) if name in CIFAR_BATCHES else None
            if content is not None:
                batches[name] = np.frombuffer(content.read(), dtype=np.uint8).reshape(-1, 3073)
    records = np.concatenate([batches[name] for name in CIFAR_BATCHES])
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    x = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return Contents(records[:, 0].astype(np.int64), x=x)


def matlab_images(path: Path) -> Contents:
    """Read ``X``, (h, w, 3, n), and ``y`` of one of SVHN's MATLAB files, where 10 stands for 0.

    Returns:
        x (n, h, w, 3) uint8.
    """
    from scipy.io import loadmat

    arrays = loadmat(path, variable_names=["X", "y"])
    labels = arrays["y"].ravel().astype(np.int64) % 10
    return Contents(labels, x=np.ascontiguousarray(arrays["X"].transpose(3, 0, 1, 2)))


def newsgroup_posts(path: Path) -> Contents:
    """Read the bodies of all 20 Newsgroups posts; ids are line numbers of the file.

    Headers, up to the first blank line, are cut off; footers and quotes stay. The papers do not say
    what they stripped, but with the 20news construction 18,042 posts are left this way (18,040 in
    Hu et al. 2017), 18,819 with headers and 16,642 without quotes. The posts' own numbers are no
    names: crossposts share them.
    """
    documents = [(number, json.loads(line)) for number, line in iterate_lines(path)]
    return Contents(
        np.array([document["label"] for _, document in documents], dtype=np.int64),
        texts=[document["text"].partition("\n\n")[2] for _, document in documents],
        ids=[str(number) for number, _ in documents],
    )


def newsgroup_archive(path: Path) -> Contents:
    """Read the same posts from the published archive: ``20news-bydate-train/<group>/<number>``.

    Training half first, by group and number; ids are ``train/0`` and so on.
    """
    posts: list[tuple[str, str, int, str]] = []
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                half, group, number = member.name.split("/")[-3:]
                text = content.read().decode("latin-1").replace("\r\n", "\n")
                half = half.rpartition("-")[2]
                posts.append((half, group, int(number), text.partition("\n\n")[2]))
    posts.sort(key=lambda post: (post[0] != "train", post[1], post[2]))
    groups = sorted({group for _, group, _, _ in posts})
    return Contents(
        np.array([groups.index(group) for _, group, _, _ in posts], dtype=np.int64),
        texts=[text for _, _, _, text in posts],
        ids=[f"{half}/{row}" for row, (half, _, _, _) in enumerate(posts)],
    )


def largest_topics(path: Path) -> Contents:
    """Read the documents of Reuters-21578 whose only topic is one of the four largest."""
    documents = [json.loads(line) for _, line in iterate_lines(path)]
    kept = [d for d in documents if d["label"] >= 0 and d["label_name"] in REUTERS_TOPICS]
    return Contents(
        np.array([REUTERS_TOPICS.index(d["label_name"]) for d in kept], dtype=np.int64),
        texts=[d["text"] for d in kept],
        ids=[str(d["id"]) for d in kept],
    )


LAYOUTS: dict[str, Callable[[Path], Contents]] = {
    "arrays": arrays,
    "train_test_arrays": train_test_arrays,
    "omniglot": omniglot,
    "cifar_archive": cifar_archive,
    "matlab_images": matlab_images,
    "newsgroup_posts": newsgroup_posts,
    "newsgroup_archive": newsgroup_archive,
    "largest_topics": largest_topics,
}


def content_sha256(contents: Contents) -> str:
    """Return the SHA-256 of the rows' bytes followed by the labels' (int64, little-endian)."""
    assert contents.x is not None  # a text set has no array
    digest = hashlib.sha256(np.ascontiguousarray(contents.x).data)
    digest.update(contents.labels.astype("<i8").data)
    return digest.hexdigest()


def read_checked(path: Path, file: NamedFile) -> Contents:
    """Read a file of a named set, and its rest; nothing unknown is decoded where it can be checked.

    Raises:
        FileFormatError: Its checksum is not the expected one, or it is damaged.
    """
    if not file.by_content:
        require_checksum(path, file)
    contents = LAYOUTS[file.layout](path)
    if file.by_content:
        _require_equal(path, content_sha256(contents), file.sha256)
    if file.rest is None:
        return contents
    rest = read_checked(path.with_name(file.rest.name), file.rest)
    assert contents.x is not None and rest.x is not None  # only image sets come in parts
    labels = np.concatenate([contents.labels, rest.labels])
    return Contents(labels, x=np.concatenate([contents.x, rest.x]))


def require_checksum(path: Path, file: NamedFile) -> None:
    """Raise FileFormatError unless the file's SHA-256, or its content's, is the expected one."""
    if file.by_content:
        read_checked(path, replace(file, rest=None))
    else:
        _require_equal(path, file_sha256(path), file.sha256)


def _require_equal(path: Path, found: str, sha256: str) -> None:
    if found != sha256:
        raise FileFormatError(
            f"{path} is not the expected file: its SHA-256 is {found[:12]}..., wanted "
            f"{sha256[:12]}.... Get it again, or pass its path instead of the name to use it "
            "as it is."
        )
