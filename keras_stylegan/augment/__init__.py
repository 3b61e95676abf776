"""What the discriminator is shown in place of an image: changes within the step, alike for real and generated ones."""
