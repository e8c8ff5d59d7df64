"""What one process of training works on, and the jobs that it is given. Imports no torch."""

from dataclasses import dataclass
from typing import Literal

from taskonomy.config import Config
from taskonomy.data.layout import Dataset
from taskonomy.data.splits import Splits
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.store import Store

Kind = Literal["task", "transfer", "scratch", "random", "informed_guess", "encoder"]
"""The kinds of model (models.parquet): task-specific networks, readouts of frozen representations,
networks trained from scratch on the readouts' data, the untrained encoder, the best constant,
encoders of the user's own."""


@dataclass(frozen=True)
class Workspace:
    """A data set with its splits, a configuration, and the store that results go to.

    Attributes:
        store: models lie at `models/<model id>.safetensors`, sample predictions at
            `samples/<model id>.npz`, representations at `representations/<key>.npy`.
        config: one profile, whole.
        dataset: the indexed data set.
        dataset_key: the key of the data set and of the tasks that it is asked for.
        content: what models learn from, without who asks: the hash of its files and splits.
        splits: indices into `dataset.views`.
        dictionary: the tasks that the run knows.
    """

    store: Store
    config: Config
    dataset: Dataset
    dataset_key: str
    content: str
    splits: Splits
    dictionary: Dictionary = DICTIONARY
