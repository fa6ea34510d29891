"""The application for a WSGI server. Entry point: :func:`create_wsgi_app`.

``gunicorn 'search_service.web.wsgi:create_wsgi_app()'``: each worker opens its own service.
"""

from contextlib import suppress

from flask import Flask

from search_service import logs
from search_service.errors import GongwenError
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app


def create_wsgi_app() -> Flask:
    """Create the application from the environment.

    Raises ``ConfigurationError``, which names the invalid setting.
    """
    settings = read_settings()
    logs.set_up(settings.log)
    service = open_service(settings)
    with suppress(GongwenError):  # a worker starts all the same: each request says what is wrong
        service.store.upgrade()
    return create_app(service, settings)
