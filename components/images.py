"""The images that components run in, one for each set of dependencies."""

# torch, MLflow and the readers of images: rendering, training, publishing.
TRAIN = "taskonomy/train:0.1.0"
# OR-Tools and SciPy, no torch: planning, affinities, taxonomies, evaluation.
SOLVE = "taskonomy/solve:0.1.0"
