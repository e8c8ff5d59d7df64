"""From posed RGB-D frames to the real layout: `annotate`."""

from taskonomy.captures.annotation import annotate
from taskonomy.captures.frames import Capture, Frame, posed

__all__ = ["Capture", "Frame", "annotate", "posed"]
