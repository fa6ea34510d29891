"""PDF files -> articles. Entry point: :func:`indexer.sources.pdf.document.pdf_record`."""
