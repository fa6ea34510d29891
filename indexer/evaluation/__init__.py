"""How well an index ranks, measured against judgements; docs/evaluation.md says how to read it.

:mod:`judgements` reads what was judged, :mod:`answers` asks an index as its readers would,
:mod:`measures` says what the answers are worth, :mod:`report` shows it, :mod:`command` is
``gongwen eval``.
"""
