"""One profile over several seeds: does the structure of the taxonomy hold?"""

import json
from pathlib import Path

from taskonomy import files
from taskonomy.config import load
from taskonomy.errors import BadInput


def run(params: Path, profile: str, out: Path, seeds: int) -> int:
    """Run the profile with seeds 0 to `seeds` - 1, then measure and print the structure.

    All runs share one store, so a seed that has been run is not run again. Every seed has its own
    rooms, networks and readouts. The table goes to stdout and to `<out>/structure.txt`, its numbers
    to `<out>/structure.json`.
    """
    from taskonomy.affinity import table
    from taskonomy.evaluation import structure
    from taskonomy.execution import local
    from taskonomy.runs.context import Context

    if seeds < 2:
        raise BadInput(f"--seeds: found {seeds}; expected 2 or more, for an interval over seeds")
    tables = {}
    for seed in range(seeds):
        config = load(params, profile, seed=seed)
        folder = out / "seeds" / str(seed)
        local.run_locally(Context.at(out, config), "", folder)
        tables[seed] = table.read(folder / "affinity.parquet")
    result = structure.measure(tables)
    text = structure.render_text(result)
    numbers = json.dumps(structure.to_json(result), indent=1) + "\n"
    files.write(out / "structure.txt", text.encode())
    files.write(out / "structure.json", numbers.encode())
    print(text)
    return 0
