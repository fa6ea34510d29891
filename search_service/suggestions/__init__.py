"""Vocabularies, and completion and spelling correction by them."""
