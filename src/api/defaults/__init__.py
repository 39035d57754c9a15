"""What a town begins with until it enacts its own: rules and working calendars, as data."""
