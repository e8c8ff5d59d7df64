"""The registered taxonomy as MLflow runs it: from this file, where a client loads the model.

A model of it holds this file and the modules that it imports under another name (model_code.py), so
nothing here is pickled and no `taskonomy` need be installed.
"""

from math import isnan
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class _Solver:
    """Answers requests. MLflow would ask for a type that it can check by itself if a `PythonModel`
    defined `predict`; it knows no type for what is one request or several."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the affinities that lie beside the model."""
        # MLflow runs this file once while it saves the model, when nothing lies beside it yet.
        from taskonomy.affinity import table
        from taskonomy.errors import BadInput
        from taskonomy.taxonomy import policy  # noqa: F401  (OR-Tools, now rather than at a request)
        from taskonomy.taxonomy.request import answer

        path = Path(context.artifacts["affinities"])
        self._candidates = table.read(path)
        self._dictionary = table.dictionary(path)
        self._answer, self._bad_input = answer, BadInput

    def predict(self, context: PythonModelContext, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        """Return the optimal policy of a request, as `taskonomy solve --json` prints it.

        Args:
            context: MLflow's, with the regime that is asked where a request names none.
            model_input: `{"budget": 4}` with any further argument of `taskonomy.solve`; or a list
                of such requests, or a data frame of one a row, which give a list of policies.
            params: MLflow's; not used.

        Raises:
            MlflowException: an argument is unknown or makes no sense; one line.
        """
        if hasattr(model_input, "columns"):
            rows = model_input.to_dict(orient="records")
            return [self._policy(context, _filled(row)) for row in rows]
        if isinstance(model_input, list):
            return [self._policy(context, request) for request in model_input]
        return self._policy(context, model_input)

    def _policy(self, context: PythonModelContext, request: Any) -> dict[str, Any]:
        if isinstance(request, dict):
            request = {name: _plain(value) for name, value in request.items()}
        regime = context.model_config["regime"]
        try:
            return self._answer(self._candidates, self._dictionary, regime, request)
        except self._bad_input as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """A data frame's row without its empty cells, which hold nan."""
    return {
        name: cell for name, cell in row.items() if not (isinstance(cell, float) and isnan(cell))
    }


def _plain(value: Any) -> Any:
    """A number or an array of numpy's as Python has it."""
    return value.tolist() if hasattr(value, "tolist") else value


class TaxonomyModel(_Solver, PythonModel):
    """A published taxonomy."""


set_model(TaxonomyModel())
