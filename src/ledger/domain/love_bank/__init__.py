"""The love bank: accounts, deeds in publicity, points in lots, rewards."""
