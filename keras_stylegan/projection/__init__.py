"""`project`: the styles that make given images, and how well they do."""
