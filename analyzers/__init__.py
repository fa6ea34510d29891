"""Text to terms, passages and vectors: whatever must be identical when a text is indexed and asked.

Entry points: :class:`analyzers.terms.Analyzer`, :func:`analyzers.outline.split` and
:func:`analyzers.embed.open_embedder`. Imports nothing of ours; no I/O but its own lexicon and model.
"""

import os

# onnxruntime's wheels report to their maker when they are imported, and huggingface_hub adds to its
# requests who asks. Both read these once, so they are set before anything can import either.
os.environ |= {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
