"""The stage evaluate."""

import json

from taskonomy.runs.context import Context
from taskonomy.store import code_version, digest


def evaluate(context: Context, affinity: str, taxonomy: str) -> str:
    """Measure what the taxonomy shows: the structure of this seed and the task tree.

    Of several regimes the first is measured.
    """
    from taskonomy.affinity import table
    from taskonomy.evaluation import structure, tree

    store, config = context.open()
    key = digest(
        stage="evaluate", affinity=affinity, taxonomy=taxonomy, code=code_version("evaluation")
    )
    if not store.finished("evaluate", key):
        path = store.local("compute-affinity", affinity) / "affinity.parquet"
        main = str(config.regimes[0])
        rows = [row for row in table.read(path) if row.regime == main]
        measured = structure.measure({config.seed: rows}, table.dictionary(path))
        clusters = tree.task_tree(rows)
        content = {
            "structure": structure.to_json(measured),
            "structure_text": structure.render_text(measured),
            "tree": None
            if clusters is None
            else {"sources": clusters.sources, "merges": clusters.merges.tolist()},
        }
        with store.output("evaluate", key) as folder:
            (folder / "evaluation.json").write_text(json.dumps(content, indent=1))
    return key
