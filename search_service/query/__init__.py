"""What is asked: text -> query -> clauses."""
