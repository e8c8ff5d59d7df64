"""What a pod of a pipeline runs: a component's function, by kfp's executor.

    python3 -m taskonomy.execution.component kfp.dsl.executor_main NAME INPUT

`NAME` is that of a folder of components/, which the package brings along, and `INPUT` is what
Kubeflow says of the step's inputs and outputs, as JSON. The word in front is there for kfp.local.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module, util
from typing import Any

from taskonomy.files import shipped


def function(name: str) -> Callable[..., Any]:
    """The function of a component, as it stands in components/<name>/component.py."""
    if "components" not in sys.modules:
        folder = shipped("components")
        spec = util.spec_from_file_location(
            "components", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"no package in {folder}", name="components")
        sys.modules["components"] = util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["components"])
    found: Callable[..., Any] = getattr(import_module(f"components.{name}.component"), name)
    return found


def main() -> None:
    """Run one component."""
    # Before kfp is imported: a step needs kfp's executor alone, and images hold no more of it.
    os.environ["_KFP_RUNTIME"] = "true"
    from kfp.dsl.executor import Executor

    _, name, given = sys.argv[1:]
    print(f"KFP Executor {name}: {given}", flush=True)
    Executor(executor_input=json.loads(given), function_to_execute=function(name)).execute()


if __name__ == "__main__":
    main()
