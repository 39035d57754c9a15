"""The town's money, from appropriation to voucher, and what is donated."""
