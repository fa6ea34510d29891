"""Queries: text -> syntax tree -> query -> clauses and ranking terms."""
