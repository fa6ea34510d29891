"""Training of the built-in embedding model: `build` trains it, `measure` evaluates it.

The service does not import this package, and no text of a corpus may be stored in it.
"""

import analyzers  # noqa: F401  (switches off telemetry of libraries imported after it)
