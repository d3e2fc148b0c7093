"""What a practice and a treatment team look at: a review of one practice, a page about one patient."""
