"""`generate`: images, grids and volumes of a trained model."""
