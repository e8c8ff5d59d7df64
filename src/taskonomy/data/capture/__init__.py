"""From posed RGB-D frames to the real layout: `annotate`."""

from taskonomy.data.capture.annotation import annotate
from taskonomy.data.capture.frames import Capture, Frame, posed

__all__ = ["Capture", "Frame", "annotate", "posed"]
