"""What the product does: one use case a class, its ports given by keyword."""
