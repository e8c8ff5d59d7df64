"""Policies as tables to read."""

from collections.abc import Sequence
from math import isnan

from taskonomy.taxonomy.policy import Policy


def text(policy: Policy) -> str:
    """Return a policy as a table to read."""
    guessed = any(edge.beats_guess is not None for edge in policy.edges)

    def line(name: str, gain: float | None, quality: float | None, *rest: str) -> str:
        return "  ".join([f"{name:30} {_figure(gain):>6} {_figure(quality):>8}", *rest])

    lines = [
        f"Label {len(policy.sources)}: {', '.join(policy.sources) or 'nothing'}",
        "",
        f"{'target':30} {'gain':>6} {'quality':>8}  {'guess   ' if guessed else ''}from",
    ]
    for edge in policy.edges:
        origin = "its own labels" if edge.kind == "supervised" else " + ".join(edge.sources)
        if guessed:
            mark = "!" if edge.beats_guess is False else " "
            origin = f"{_figure(edge.win_vs_guess)} {mark} {origin}"
        lines.append(line(edge.target, edge.win_vs_scratch, edge.win_vs_supervised, origin))
    lines += [
        line("mean", policy.mean_gain, policy.mean_quality),
        "",
        f"Optimal ({policy.solver}): objective {policy.objective:.6f} on the {policy.scale} scale"
        + ("; another taxonomy is as good." if policy.tied else "."),
        *_basis(policy),
    ]
    if policy.losing:
        names = ", ".join(edge.target for edge in policy.losing)
        lines.append(f"! does not beat the informed guess, the best constant: {names}.")
    return "\n".join(lines)


def ranking(policies: Sequence[Policy]) -> str:
    """Return the best sets of tasks as a table: what each drops and adds to the best one."""
    best = set(policies[0].sources)
    lines = [f"{'':>4} {'objective':>10} {'gain':>6} {'quality':>8}  in place of the best's"]
    for place, policy in enumerate(policies, start=1):
        dropped, added = best.difference(policy.sources), set(policy.sources) - best
        change = [f"-{name}" for name in sorted(dropped)] + [f"+{name}" for name in sorted(added)]
        lines.append(f"{place:4} {_figures(policy)}  {' '.join(change)}".rstrip())
    return "\n".join(lines)


def budgets(policies: Sequence[Policy]) -> str:
    """Return a front of policies as a table: what each drops and adds to the one before."""
    lines = [f"{'budget':>7} {'objective':>10} {'gain':>6} {'quality':>8}  labels"]
    before: set[str] = set()
    for policy in policies:
        bought = set(policy.sources)
        change = [f"-{name}" for name in sorted(before - bought)]
        change += [f"+{name}" for name in sorted(bought - before)]
        lines.append(f"{policy.budget:7g} {_figures(policy)}  {' '.join(change)}".rstrip())
        before = bought
    return "\n".join([*lines, *_basis(policies[-1])])


def _basis(policy: Policy) -> list[str]:
    """On which images the policy was solved; nothing where the file knows of test images alone."""
    if not policy.solved_on_choice:
        return []
    on_test = [edge.target for edge in policy.edges if isnan(edge.affinity_choice)]
    but = f", but for {', '.join(on_test)}" if on_test else ""
    return [f"Solved on affinities of validation images{but}; gain and quality are of test images."]


def _figures(policy: Policy) -> str:
    gain, quality = _figure(policy.mean_gain), _figure(policy.mean_quality)
    return f"{policy.objective:10.6f} {gain:>6} {quality:>8}"


def _figure(value: float | None) -> str:
    return "-" if value is None or isnan(value) else f"{value:.3f}"
