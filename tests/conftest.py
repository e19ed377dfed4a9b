"""What holds for every test: the settings of whoever runs them play no part."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither a config file nor what a screen remembered, for the programs that tests start, too."""
    folder = tmp_path_factory.mktemp("settings")
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("INSPECTOR_LISTEN_", "INSPECTOR_SCREEN_"))]:
        del os.environ[name]
    os.environ["INSPECTOR_CONFIG"] = str(folder / "config.toml")
    os.environ["INSPECTOR_STATE"] = str(folder / "state.json")
    yield
    os.environ.clear()
    os.environ.update(before)
