"""The business areas: for each its events, the state that they fold into, and its rules."""
