"""How a question is answered: parameters -> query -> engine -> fusion -> page. Imports analyzers."""
