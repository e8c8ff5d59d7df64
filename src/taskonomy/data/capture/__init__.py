"""From posed RGB-D frames to the real layout: `annotate`."""

from taskonomy.data.capture.annotation import annotate

__all__ = ["annotate"]
