"""Ranking quality, measured against relevance judgements; see docs/evaluation.md.

:mod:`judgements` reads queries and judgements, :mod:`answers` runs the queries, :mod:`measures` computes the
measures, :mod:`report` formats them. The command is :mod:`indexer.commands.evaluation`.
"""
