"""What a plan would train anew: equal inputs have equal names, so what is new is what is absent."""

from collections.abc import Iterable
from dataclasses import dataclass

from taskonomy.runs import sharding
from taskonomy.runs.context import Context, open_workspace
from taskonomy.store import Store
from taskonomy.training import model_losses
from taskonomy.training.candidates import higher_order
from taskonomy.training.identity import ModelRef, model_path


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A plan held against the store.

    Attributes:
        networks: tasks whose network is trained anew, sorted.
        kept_networks: tasks whose network is there.
        readouts: first-order readouts and scratch networks trained anew, by target; targets that
            lack none are not named.
        kept_readouts: how many are there.
        most_higher_order: at most so many readouts of higher order; which ones, and which of them
            are there, first-order results decide.
    """

    networks: tuple[str, ...]
    kept_networks: tuple[str, ...]
    readouts: dict[str, int]
    kept_readouts: int
    most_higher_order: int

    @property
    def anew(self) -> int:
        """How many networks and first-order readouts are trained anew."""
        return len(self.networks) + sum(self.readouts.values())


def preview(context: Context, plan: str) -> Preview:
    """Hold a plan against the store. Trains nothing and writes nothing.

    Args:
        context: where and how to run.
        plan: the plan's key.
    """
    store = Store(context.store)
    content = store.read_json("plan", plan, "plan.json")
    workspace = open_workspace(context, content["dataset"])
    tasks, transfer = content["tasks"], workspace.config.transfer
    repeats = len(workspace.config.regimes) * workspace.config.seeds
    jobs = sharding.first_order(workspace.dictionary, tasks, workspace.config)
    networks = [ref for ref in model_losses.task_models(workspace, tasks) if ref.kind == "task"]
    absent = _absent(store, networks)
    readouts = model_losses.job_models(workspace, jobs)
    missing = [ref.target for ref in _absent(store, readouts)]
    targets = {job.target for job in jobs}
    sources = [ref.target for ref in networks]
    return Preview(
        networks=tuple(sorted(ref.target for ref in absent)),
        kept_networks=tuple(sorted(ref.target for ref in networks if ref not in absent)),
        readouts={target: missing.count(target) for target in sorted(set(missing))},
        kept_readouts=len(readouts) - len(missing),
        most_higher_order=repeats
        * sum(
            len(
                higher_order(
                    [source for source in sources if source != target],
                    top=transfer.top,
                    max_order=transfer.max_order,
                )
            )
            for target in targets
        ),
    )


def text(found: Preview) -> str:
    """A preview as Markdown."""
    lines = [
        f"# {found.anew} models are trained anew",
        "",
        "| | anew | kept |",
        "|---|---|---|",
        f"| Task networks | {len(found.networks)} | {len(found.kept_networks)} |",
        f"| First-order readouts and scratch networks | {sum(found.readouts.values())} "
        f"| {found.kept_readouts} |",
        "",
        f"Then readouts of higher order, at most {found.most_higher_order}: first-order results "
        "decide which, and those that are there are kept.",
    ]
    if found.networks:
        lines += ["", f"Networks anew: {', '.join(found.networks)}."]
    if found.readouts:
        each = ", ".join(f"{target} {count}" for target, count in found.readouts.items())
        lines += ["", f"Readouts anew by target: {each}."]
    return "\n".join(lines) + "\n"


def _absent(store: Store, refs: Iterable[ModelRef]) -> list[ModelRef]:
    return [ref for ref in refs if not store.exists(*model_path(ref.identity))]
