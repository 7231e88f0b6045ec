"""What every estimator shares: reading rows, training a network, blocks, model folders."""

from .augmented import SelfAugmented
from .blockwise import blockwise
from .input_rows import RowReader, data_fingerprint
from .model_folder import ModelFolder
from .network_estimator import NetworkEstimator
from .network_folder import NetworkFolder

__all__ = [
    "ModelFolder",
    "NetworkEstimator",
    "NetworkFolder",
    "RowReader",
    "SelfAugmented",
    "blockwise",
    "data_fingerprint",
]
