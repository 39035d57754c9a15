"""Rankings of periods, sealed and appealed against, and commendations."""
