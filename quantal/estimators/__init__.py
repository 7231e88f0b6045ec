"""What every estimator shares: reading rows, applying a fit in blocks, model folders."""

from .blockwise import blockwise
from .input_rows import RowReader, data_fingerprint
from .model_folder import ModelFolder
from .network_folder import NetworkFolder

__all__ = ["ModelFolder", "NetworkFolder", "RowReader", "blockwise", "data_fingerprint"]
