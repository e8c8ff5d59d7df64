"""Examples of a declared task: the run's images, with labels that the user's function reads."""

import numpy as np
from jaxtyping import Float32, Int

from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.studies.novel_task import Label
from taskonomy.targets.encodings import shrink
from taskonomy.training.loading import Source, TaskData
from taskonomy.training.session import Session
from taskonomy.training.workspace import Workspace


class LabelledData(TaskData):
    """A declared task's batches."""

    def __init__(
        self, source: Source, task: Task, train: Int[np.ndarray, "n k"], label: Label
    ) -> None:
        self._read = label
        super().__init__(source, task, train)

    def _label(self, view: int) -> Float32[np.ndarray, "*shape"]:
        dataset = self._source.dataset
        whose = dataset.views[view]
        try:
            value = np.asarray(self._read(dataset, whose), np.float32)
        except (TypeError, ValueError) as error:
            raise BadInput(f"label of {whose}: {error}; expected an array of numbers") from error
        if self.task.head == "vector":
            return self._vector(value, str(whose))
        plane = value[..., None] if value.ndim == 2 else value
        if plane.ndim != 3 or plane.shape[2] != self.task.channels:
            raise BadInput(
                f"label of {whose}: found shape {value.shape}; expected a map of "
                f"{self.task.channels} channels"
            )
        largest = float(np.abs(np.nan_to_num(plane)).max())
        if largest > 1 + 1e-6:
            raise BadInput(
                f"label of {whose}: found values up to {largest:.3g}; expected a map in [-1, 1]"
            )
        return np.ascontiguousarray(shrink(plane, self._size).transpose(2, 0, 1))

    def _vector(
        self, value: Float32[np.ndarray, "*shape"], whose: str
    ) -> Float32[np.ndarray, " c"]:
        if value.shape != (self.task.channels,) or not np.isfinite(value).all():
            raise BadInput(
                f"label of {whose}: found shape {value.shape}, "
                f"{int((~np.isfinite(value)).sum())} values not finite; expected "
                f"{self.task.channels} finite numbers"
            )
        if self.task.loss == "cross_entropy" and (
            value.min() < 0 or abs(float(value.sum()) - 1) > 0.01
        ):
            raise BadInput(f"label of {whose}: found sum {value.sum():.3g}; expected soft classes")
        return value


class LabelledSession(Session):
    """A session that knows one declared task beside the dictionary's."""

    def __init__(self, workspace: Workspace, task: Task, label: Label) -> None:
        super().__init__(workspace)
        self._task, self._label = task, label

    def data(self, of: Task) -> TaskData:
        """The batches of a task."""
        if of.name == self._task.name and of.name not in self._data:
            train = self.examples(of).train
            self._data[of.name] = LabelledData(self.source, of, train, self._label)
        return super().data(of)
