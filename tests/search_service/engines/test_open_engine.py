"""How an engine is chosen by its address."""

import pytest

from search_service.engines import open_engine
from search_service.errors import ConfigurationError


@pytest.mark.parametrize("url", ["elastic:geheim@h:9200/x", "ftp://elastic:geheim@h/x", "data"])
def test_an_unknown_engine_is_an_error_without_the_password(url: str) -> None:
    """The message names the setting and what it may be, and masks the password."""
    with pytest.raises(ConfigurationError, match=r"GONGWEN_ENGINE=.*embedded:") as caught:
        open_engine(url)

    assert "geheim" not in caught.value.message
