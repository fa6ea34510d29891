"""How fast, how large, under how much load: ``gongwen bench``, described in docs/benchmarks.md.

One module per question; all that they measure goes to :mod:`indexer.benchmark.report`.
"""
