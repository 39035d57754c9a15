"""The Chinese terms of the areas, a file each; `api.labels` joins them."""
