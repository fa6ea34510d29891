"""Checks of an installation, for its owner: ``gongwen doctor``.

Entry points: :func:`indexer.doctor.examination.examine`, and :class:`indexer.doctor.findings.Finding`.
Nothing is written and nothing is downloaded; no line contains a password or a key.
"""
