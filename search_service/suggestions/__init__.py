"""What is made of a vocabulary: completions, corrections of spelling."""
