"""What holds for every test: neither the settings nor the files of whoever runs them play a part."""

from __future__ import annotations

import gc
import os
import site
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

FOREIGN = ("INSPECTOR_", "XDG_", "TEXTUAL")
"""How the names of variables begin that would change what is tested."""

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")  # the same examples in every run, also on a machine that has much else to do

OF_TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORFGBG")


@pytest.fixture(scope="session", autouse=True)
def _of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home without a file in it and no setting, also for the programs that tests start."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN) or name in OF_TERMINALS:
                patch.delenv(name)
        # Packages that a user has installed for himself are found from the real home.
        patch.setenv("PYTHONUSERBASE", site.getuserbase())
        patch.setenv("HOME", str(home))
        patch.setenv("INSPECTOR_CONFIG", os.devnull)
        patch.setenv("INSPECTOR_STATE", os.devnull)
        if sys.dont_write_bytecode:
            # Hundreds of programs are started: what they are made of is compiled once, and not into the checkout.
            shared = tmp_path_factory.getbasetemp()
            shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "bytecode"))
        yield
        assert not list(home.rglob("webhook-inspector")), "a test used the store or the settings of its user"


def pytest_collection_finish() -> None:
    """What thousands of collected tests are made of is not looked through again at every collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
