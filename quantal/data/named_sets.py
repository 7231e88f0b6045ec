"""The table of named data sets: where each comes from, what it holds, how it is checked."""

from __future__ import annotations

from dataclasses import dataclass

from .dataset import Kind


@dataclass(frozen=True)
class NamedFile:
    """One file that a named set can be read from.

    Attributes:
        name: File name in the data folder.
        sha256: Checksum of the whole file, in hexadecimal.
        layout: Which function of `named_files` understands it.
        url: A public copy of exactly these bytes, or None.
        by_content: The checksum is of the rows and labels instead (`named_files.content_sha256`),
            for a file that everybody packs anew.
        rest: Another file of the same folder whose rows follow, or None.
    """

    name: str
    sha256: str
    layout: str
    url: str | None = None
    by_content: bool = False
    rest: NamedFile | None = None

    @property
    def parts(self) -> tuple[NamedFile, ...]:
        """This file and what follows it."""
        return (self,) if self.rest is None else (self, *self.rest.parts)


@dataclass(frozen=True)
class NamedSet:
    """One named data set.

    Attributes:
        name: What follows "name:".
        kind: "images" or "text".
        shape: Shape of the rows; text has the number of documents only.
        dtype: dtype of the rows.
        n_classes: Distinct labels, which only metrics ever see.
        source: Where the data come from.
        licence: As stated by the source.
        notes: Range of the values and departures from the published set.
        files: Files that hold it, the preferred one first; empty when embedded.
        n_train: How many of the first rows the publishers call training rows; the others are
            their test rows. None where there is no such split.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    dtype: str
    n_classes: int
    source: str
    licence: str
    notes: str
    files: tuple[NamedFile, ...] = ()
    n_train: int | None = None

    @property
    def sha256(self) -> str | None:
        """Checksum of the preferred file; None when embedded."""
        return self.files[0].sha256 if self.files else None


def _npz(name: str, sha256: str) -> tuple[NamedFile, ...]:
    return (NamedFile(name, sha256, "arrays"),)


_SETS = (
    NamedSet(
        "digits",
        "images",
        (1797, 8, 8),
        "float32",
        10,
        "UCI Optical Recognition of Handwritten Digits, test half, as embedded in scikit-learn",
        "CC BY 4.0 (UCI)",
        "Values 0 to 16; needs no file.",
    ),
    NamedSet(
        "mnist",
        "images",
        (70000, 28, 28),
        "uint8",
        10,
        "LeCun, Cortes and Burges: The MNIST database of handwritten digits",
        "none stated by the authors (commonly given as CC BY-SA 3.0)",
        "The 60,000 training rows first, then the 10,000 test rows, ink 255 on 0.",
        (
            NamedFile(
                "mnist.npz",
                "58be49a00fadd38a28171bff4992b2cc46853b0669b0c90f5c26776ab77b1059",
                "arrays",
            ),
            NamedFile(
                "mnist-train-test.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                "train_test_arrays",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            ),
        ),
        n_train=60000,
    ),
    NamedSet(
        "cifar10",
        "images",
        (60000, 32, 32, 3),
        "uint8",
        10,
        "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
        "none stated by the author",
        "RGB, the 50,000 training rows first; cifar10.npz holds x and y in the published order.",
        (
            NamedFile(
                "cifar10.npz",
                "679a0a54bc26fa5425a8717c376404f30e2982dcca8ebd67a5e0ea32155044bf",
                "arrays",
                by_content=True,
            ),
            NamedFile(
                "cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                "cifar_archive",
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            ),
        ),
        n_train=50000,
    ),
    NamedSet(
        "svhn",
        "images",
        (99289, 32, 32, 3),
        "uint8",
        10,
        "Netzer, Wang, Coates, Bissacco, Wu and Ng: The Street View House Numbers, cropped digits",
        "for non-commercial use only",
        "RGB, the 73,257 training rows first, without the extra ones; label 10 of the files is 0.",
        (
            NamedFile(
                "train_32x32.mat",
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                "matlab_images",
                "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
                rest=NamedFile(
                    "test_32x32.mat",
                    "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                    "matlab_images",
                    "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
                ),
            ),
        ),
        n_train=73257,
    ),
    NamedSet(
        "usps",
        "images",
        (9298, 16, 16),
        "float32",
        10,
        "US Postal Service digits of The Elements of Statistical Learning (LeCun et al.)",
        "none stated",
        "Values in [0, 1], scaled from the published [-1, 1]; 7,291 training rows first.",
        _npz("usps.npz", "a692f7f7f78103476f6611b900facdf0ba6d9d6317b56476f25434962148f253"),
        n_train=7291,
    ),
    NamedSet(
        "usps-11k",
        "images",
        (11000, 16, 16),
        "uint8",
        10,
        "US Postal Service digits, S. Roweis' usps_all (the 11,000 images that JULE uses)",
        "none stated",
        "1,100 a digit; another crop than usps, so the two do not mix.",
        _npz("usps_11k.npz", "94c9c4ea622e523f8b1254edc7435430996acadc0706dabaa55bd38f41ce713f"),
    ),
    NamedSet(
        "coil20",
        "images",
        (1440, 128, 128),
        "uint8",
        20,
        "Columbia University Image Library, processed: 20 objects, 72 views each",
        "none stated (Columbia: research use)",
        "Grey; the 32x32 version in use elsewhere is its 4x4 block mean.",
        _npz("coil20.npz", "f69e8d2ef31fd7f9a621fc6576852acba4d0a9c454171cd34a8800a22f5fb97f"),
    ),
    NamedSet(
        "umist",
        "images",
        (575, 28, 23),
        "uint8",
        20,
        "Sheffield (formerly UMIST) face database, cropped faces of 20 people",
        "none stated (Sheffield: research use)",
        "A quarter of the published 112x92 pixels, aspect kept.",
        _npz("umist_28x23.npz", "95bc9207e4aca8aa4344e6281f25551d4830f567e26c8093575c81a7663a914a"),
    ),
    NamedSet(
        "umist-32",
        "images",
        (575, 32, 32),
        "uint8",
        20,
        "Sheffield (formerly UMIST) face database, cropped faces of 20 people",
        "none stated (Sheffield: research use)",
        "Resized to a square, aspect changed.",
        _npz("umist_32.npz", "519a4d8118609b85bf8de526ca726234e7cb538801a72bf06b2f07d1809fb5c2"),
    ),
    NamedSet(
        "cmu-pie",
        "images",
        (2856, 32, 32),
        "uint8",
        68,
        "CMU Pose, Illumination and Expression faces, frontal pose 27 (the set that JULE uses)",
        "research use (CMU)",
        "42 images of each of 68 people.",
        _npz(
            "cmu_pie_p27_32.npz", "72562e5ff648f69f3b08dc2d3298fb22bef7c279d539a12e36182c1715a5be97"
        ),
    ),
    NamedSet(
        "omniglot",
        "images",
        (2000, 21, 21),
        "float32",
        100,
        "Lake, Salakhutdinov and Tenenbaum: Omniglot, alphabets Magi, Futhorc, Arcadian, Armenian",
        "MIT",
        "100 of the 116 characters, drawn with seed 0; 20 drawings each; 105x105 pixels averaged "
        "in 5x5 blocks; ink 1 on 0. IMSAT's 40,000 rows are 20 affine distortions of each.",
        (
            NamedFile(
                "omniglot_4alphabets.npz",
                "31fb46a72fb677f11c817dcf1853d5c009868f212518fc6928ed0db57612760a",
                "omniglot",
            ),
        ),
    ),
    NamedSet(
        "20news",
        "text",
        (18846,),
        "text",
        20,
        "20 Newsgroups, J. Rennie's bydate split",
        "none stated",
        "Training half first; headers cut off, footers and quotes kept. The 20news construction of "
        "tf-idf leaves 18,042 posts (18,040 in the IMSAT paper).",
        (
            NamedFile(
                "20newsgroups.jsonl.gz",
                "95cd4cfdde2f6f1f73b3655b1d6ca4e875768b5d69c50d646bad24dd484bb8f8",
                "newsgroup_posts",
            ),
            NamedFile(
                "20news-bydate.tar.gz",
                "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610",
                "newsgroup_archive",
                "https://ndownloader.figshare.com/files/5975967",
            ),
        ),
    ),
    NamedSet(
        "reuters",
        "text",
        (7076,),
        "text",
        4,
        "Reuters-21578, Distribution 1.0 (D. Lewis)",
        "research use (Reuters)",
        "Documents with exactly one topic, which is earn, acq, crude or trade (labels 0 to 3 in "
        "this order). Not the RCV1 subset of the IMSAT and DEC papers.",
        (
            NamedFile(
                "reuters21578.jsonl.gz",
                "4241177c7cc759cf314696a8af4858f7ea55ee6d932df93612840615f48f9aee",
                "largest_topics",
            ),
        ),
    ),
)

NAMED: dict[str, NamedSet] = {entry.name: entry for entry in _SETS}
