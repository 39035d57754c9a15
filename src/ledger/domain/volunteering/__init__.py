"""What members and units do for residents: orders, posts, assistance, outreach and joint action."""
