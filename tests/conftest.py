"""What holds for every test: the settings of whoever runs them play no part."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_settings() -> Iterator[None]:
    """Neither a config file nor what a screen remembered, also for the programs that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("INSPECTOR_")]:
            patch.delenv(name)
        patch.setenv("INSPECTOR_CONFIG", os.devnull)
        patch.setenv("INSPECTOR_STATE", os.devnull)
        yield
