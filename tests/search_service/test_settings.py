"""Settings are read from the environment, and an invalid one is named."""

from pathlib import Path

import pytest

from search_service.errors import ConfigurationError, redact_credentials
from search_service.settings import Settings, read_settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """GONGWEN_PORT is read; an argument takes precedence."""
    monkeypatch.setenv("GONGWEN_PORT", "9999")
    assert read_settings().port == 9999
    assert read_settings(port=1234).port == 1234


def test_a_bad_setting_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message contains the variable's name and the value."""
    monkeypatch.setenv("GONGWEN_PORT", "achtzig")
    with pytest.raises(ConfigurationError, match="GONGWEN_PORT='achtzig'"):
        read_settings()


def test_the_default_state_is_in_the_folder_of_the_index() -> None:
    """Without a setting the state database is in the engine's folder."""
    assert read_settings(engine="embedded:/x/y").state_url == "sqlite:////x/y/state.sqlite3"
    assert (
        read_settings(engine="http://localhost:9200/p").state_url == "sqlite:///data/state.sqlite3"
    )


def test_local_files_of_another_engine_are_beside_the_state() -> None:
    """There they outlive a container; without a file of the state they are in ``data``."""
    elastic = {"engine": "http://localhost:9200/gongwen"}
    kept = read_settings(**elastic, state="sqlite:////state/state.sqlite3")
    assert kept.vectors_url == "sqlite:////state/vectors.sqlite3"
    assert kept.reports == Path("/state/reports")
    for settings in (read_settings(**elastic), read_settings(**elastic, state="postgresql://db/x")):
        assert settings.vectors_url == "sqlite:///data/vectors.sqlite3"
        assert settings.reports == Path("data/reports")


def test_every_setting_has_a_help_text() -> None:
    """No setting without a description."""
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://elastic:geheim@es:9200/gw", "https://elastic:***@es:9200/gw"),
        ("https://elastic:ge@he/im:#?@es:9200/gw", "https://elastic:***@es:9200/gw"),
        ("postgresql+psycopg://u:geheim@h/db", "postgresql+psycopg://u:***@h/db"),
        ("postgresql://u@h/db?Password=geheim&x=1", "postgresql://u@h/db?Password=***&x=1"),
        ("elastic:geheim@h:9200/x", "elastic:***@h:9200/x"),
        ("https//elastic:geheim@h", "https//elastic:***@h"),
        ("https://h:9200/p", "https://h:9200/p"),
        ("sqlite:////x/state.sqlite3", "sqlite:////x/state.sqlite3"),
        ("embedded:./a@b", "embedded:./a@b"),
        ("", ""),
    ],
)
def test_credentials_are_redacted(url: str, shown: str) -> None:
    """Passwords are replaced, also in malformed addresses; other addresses are unchanged."""
    assert redact_credentials(url) == shown
