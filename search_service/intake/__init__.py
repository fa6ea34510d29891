"""Convert a record of any source to an :class:`~search_service.model.Article`."""
