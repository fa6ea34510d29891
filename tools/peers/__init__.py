"""Our search beside others, in one table: ``make bench-peers CORPUS=articles.jsonl.gz``; docs/peers.md.

A tool of developers, no part of the product. One module per peer, each with its usual good configuration for
Chinese. What is not installed is named and left out; nothing is downloaded.
"""
