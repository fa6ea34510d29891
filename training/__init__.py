"""The making of the built-in embedding model: `build` makes it, `measure` judges it.

Nothing of the service imports this package, and no text of a corpus may be stored in it.
"""

import analyzers  # noqa: F401  (no library that is imported after it reports to anybody)
