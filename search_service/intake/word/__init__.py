"""Word documents (.docx): the text as a reader sees it. ``document`` is the entry."""
