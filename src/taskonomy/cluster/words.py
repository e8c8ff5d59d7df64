"""What is sent and what it costs, as text to read."""

from collections.abc import Mapping
from typing import Any

from taskonomy.cluster.cost import Cost
from taskonomy.cluster.order import Order
from taskonomy.cluster.units import Units

_GIB = 2**30
_SHOWN = 60


def sent(order: Order, namespace: str) -> str:
    """What a server would be sent."""
    rows = [
        ("pipeline", f"{order.pipeline.name} ({order.pipeline.path.name})"),
        ("version", f"{order.version}, compiled by kfp {order.pipeline.sdk}"),
        ("run", order.name),
        ("experiment", f"{order.experiment}, in the namespace {namespace}"),
        ("account", order.account),
    ]
    rows += [
        ("parameter", f"{entry.name} = {_short(order.parameters.get(entry.name, entry.default))}")
        for entry in order.pipeline.parameters
    ]
    return "\n".join(f"{name:12}{text}" for name, text in rows)


def expenses(cost: Cost, units: Units) -> str:
    """What a run costs, if its store is empty."""
    loops = ", ".join(f"{count} {loop}" for loop, count in cost.shards.items())
    longest = ", ".join(f"{hours:.2f} h {loop}" for loop, hours in cost.longest.items())
    unmeasured = f"; not measured: {', '.join(cost.unmeasured)}" if cost.unmeasured else ""
    lines = [
        f"models      {cost.models.all:,}" if cost.shards else "models      none",
        f"pods        {cost.pods:,}, with Kubeflow's drivers; shards: {loops or 'none'}",
        f"GPU hours   {cost.gpu_hours:.2f}, had the GPU the speed of what was measured",
        f"CPU hours   {cost.cpu_hours:.2f} of steps without a GPU{unmeasured}",
    ]
    if longest:
        lines.append(f"one shard   {longest}")
    if cost.storage:
        whole = sum(cost.storage.values()) / _GIB
        lines.append(f"storage     {whole:.2f} GiB: {_sizes(cost.storage)}")
    if cost.requests:
        each = ", ".join(f"{count:,.0f} {kind}" for kind, count in cost.requests.items())
        lines.append(f"requests    {each}, to the object store")
    lines.append(f"measured    {units.machine['device']}: {units.command}")
    return "\n".join(lines)


def _sizes(storage: Mapping[str, float]) -> str:
    return ", ".join(f"{size / _GIB:.2f} {name}" for name, size in storage.items())


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
