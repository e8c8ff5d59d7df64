"""From posed RGB-D frames to the real layout: `annotate`."""

from taskonomy.captures.annotation import Annotation, annotate
from taskonomy.captures.frames import Capture, Frame, posed

__all__ = ["Annotation", "Capture", "Frame", "annotate", "posed"]
