"""From posed RGB-D frames to the real layout: `annotate`."""

from taskonomy.data.capture.annotate import annotate

__all__ = ["annotate"]
