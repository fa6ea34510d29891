"""A record of any source -> :class:`~search_service.model.Article`."""
