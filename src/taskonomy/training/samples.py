"""A few test predictions of a model, for people to look at."""

import io

import numpy as np
import torch
from torch import nn

from taskonomy.dictionary import Task
from taskonomy.training.session import Session

COUNT = 6


@torch.no_grad()
def save_samples(session: Session, task: Task, network: nn.Module, identity: str) -> None:
    """Write `samples/<model id>.npz`: `inputs` uint8 [n, k, H, W, 3] as the network sees them,
    `target`, `mask` and `output` float32 as in `loading.Batch`."""
    batch = session.data(task).batch(session.examples(task).test[:COUNT])
    network.eval()
    output = network(batch.inputs.to(session.device)).float().cpu().numpy()
    levels = ((batch.inputs + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    inputs = levels.expand(-1, -1, 3, -1, -1).permute(0, 1, 3, 4, 2).numpy()
    buffer = io.BytesIO()
    target, mask = batch.target.numpy(), batch.mask.numpy()
    np.savez_compressed(buffer, inputs=inputs, target=target, mask=mask, output=output)
    session.workspace.store.write_bytes(buffer.getvalue(), "samples", f"{identity}.npz")
