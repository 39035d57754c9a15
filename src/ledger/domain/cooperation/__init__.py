"""What communities and units do together: lists of needs and resources, and joint projects."""
