"""The data set's own operators: labels that its annotator derives from a view's image and depth.

Each function takes one view at whatever size and returns its map in the units of `codecs.decode`;
at 512 pixels across it is the annotator's. `labels.derive_views` calls them for rooms and captures.
"""

from taskonomy.data.operators.edges import edge_occlusion, edge_texture
from taskonomy.data.operators.narf import keypoints3d
from taskonomy.data.operators.segments import segment_unsup2d, segment_unsup25d
from taskonomy.data.operators.surf import keypoints2d

__all__ = [
    "edge_occlusion",
    "edge_texture",
    "keypoints2d",
    "keypoints3d",
    "segment_unsup2d",
    "segment_unsup25d",
]
