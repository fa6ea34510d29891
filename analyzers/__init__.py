"""Text to terms, passages and vectors: the analysis that indexing and querying must share.

Entry points: :class:`analyzers.terms.Analyzer`, :func:`analyzers.outline.split` and
:func:`analyzers.embed.open_embedder`. Imports no other package of ours; reads only its lexicon and model.
"""

import os

# onnxruntime sends telemetry when it is imported, and huggingface_hub with its requests. Both read these
# variables once, so they are set before anything can import either.
os.environ |= {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
