"""Text to terms, passages and vectors: whatever must be identical when a text is indexed and asked.

Entry points: :class:`analyzers.terms.Analyzer`, :func:`analyzers.outline.split` and
:func:`analyzers.embed.open_embedder`. Imports nothing of ours; no I/O but its own lexicon and model.
"""
