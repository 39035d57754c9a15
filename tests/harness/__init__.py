"""What the long tests of store and sequencer share: checks, and stores that fail or are broken."""
