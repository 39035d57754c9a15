"""What several areas share: a thing with places, a thing with steps, a promise of so much time."""
