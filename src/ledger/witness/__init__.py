"""A witness for the logs of others (C2SP tlog-witness): what it decides, and what it remembers."""
