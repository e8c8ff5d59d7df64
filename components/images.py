"""The images that components run in, one for each set of dependencies."""

# torch, MLflow and the readers of images: rendering, training, publishing, and whatever reads the
# models that training left, since their names say with which torch they were trained.
TRAIN = "taskonomy/train:0.1.0"
# OR-Tools and SciPy, no torch: planning, taxonomies, evaluation.
SOLVE = "taskonomy/solve:0.1.0"
