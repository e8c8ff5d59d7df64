"""The stage solve-taxonomy."""

import json

from taskonomy.runs.context import Context
from taskonomy.store import code_version, digest


def solve_taxonomy(context: Context, affinity: str) -> str:
    """Solve the Boolean Integer Program for every budget and order of the profile."""
    from taskonomy.affinity import table
    from taskonomy.taxonomy.hypergraph import Question
    from taskonomy.taxonomy.sweep import policies

    store, config = context.open()
    asked = config.taxonomy
    key = digest(
        stage="solve-taxonomy",
        affinity=affinity,
        config=asked.model_dump(),
        code=code_version("taxonomy", "dictionary"),
    )
    if not store.finished("solve-taxonomy", key):
        path = store.local("compute-affinity", affinity) / "affinity.parquet"
        rows = table.read(path)
        question = Question(scale=asked.scale, cost=asked.costs, dictionary=table.dictionary(path))
        orders = range(1, asked.max_order + 1)
        content = [
            {
                **policy.as_json(),
                "budget": policy.budget,
                "max_order": policy.max_order,
                "regime": regime,
            }
            for regime in map(str, config.regimes)
            for policy in policies(
                [row for row in rows if row.regime == regime], asked.budgets, orders, question
            )
        ]
        with store.output("solve-taxonomy", key) as folder:
            (folder / "policies.json").write_text(json.dumps(content, indent=1))
    return key
