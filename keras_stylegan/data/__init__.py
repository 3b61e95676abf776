"""Images for training: sources, making them square, the decoded cache and the batches that `fit` reads."""
