"""Personal data in the hands of those whom they concern."""
