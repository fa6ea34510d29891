"""What staff write with what they found."""
