"""The vault: personal values sealed beside the log, the keys that open them, and their end."""
