"""Taking part (参与): opinions and praise, joint matters in six steps, pairings of 1+x."""
