"""Services of a community: windows, applications, agents, promises, venues."""
