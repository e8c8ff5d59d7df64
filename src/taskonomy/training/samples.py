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
    """Write `samples/<model id>.npz`: `inputs`, 8-bit images [n, k, H, W, 3] as the network sees
    them, and `target` and `output` as people see them: 8-bit pictures [n, h, w, 3], or numbers."""
    data = session.data(task)
    batch = data.batch(session.examples(task).test[:COUNT])
    network.eval()
    output = network(batch.inputs.to(session.device)).float().cpu().numpy()
    levels = ((batch.inputs + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    inputs = levels.expand(-1, -1, 3, -1, -1).permute(0, 1, 3, 4, 2).numpy()
    target, said = data.target.drawn(inputs, batch.target.numpy(), output, batch.mask.numpy())
    buffer = io.BytesIO()
    np.savez_compressed(buffer, inputs=inputs, target=target, output=said)
    session.workspace.store.write_bytes(buffer.getvalue(), "samples", f"{identity}.npz")
