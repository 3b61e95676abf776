"""What the report and the model card say about limits, use and citation."""

INTENDED_USE = (
    "Research on image synthesis: augmentation experiments, method development, teaching. Not for diagnosis, not as "
    "evidence about a person, and not as a replacement of real images in a clinical validation."
)
LIMITS = (
    "A distance depends on its feature extractor and on N. Compare values only at the same extractor, N and held-out "
    "images, and otherwise the ratios to the floor.",
    "'random' features are untrained: they see shape, texture and contrast, and know nothing of anatomy. 'smooth' are "
    "the same features of images without texture and background. 'inception' "
    "was trained on photographs. A radiologist's reading is part of no number here.",
    "The audit finds near copies of single images. It does not prove privacy: attributes of people can leak without "
    "any image being copied.",
    "Intervals are over subjects and draws of this one model. Another training run with another seed can differ by "
    "more.",
    "Slices of one person resemble each other; only splits by subject are held out.",
)
UNTESTED = (
    "Other scanners, protocols, hospitals and populations than those of the images above.",
    "What a radiologist sees: nobody read the images.",
    "Whether a network trained on the images does better at any task.",
    "Privacy beyond near copies: who was in the training set, or what is true of them, may be inferred without a copy.",
    "Truncated images (ψ other than 1): all numbers are of ψ = 1.",
)
"""Of every model, whatever its evaluation found."""
CITE = (
    "Write the metric with its extractor, both N, the seed and the interval, and the floor beside it, for example: "
    "'Fréchet distance (random features, 5,000 generated against 1,248 held-out images, seed 0) 12.3 [11.8, 12.9], "
    "2.1 times the distance between two groups of real subjects'. Cite the source named with each metric."
)
