"""Addresses of a target: look up its name, and refuse what must not be called.

The connection is then made to the very address that was checked here: no second look-up can change it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Collection
from typing import Any, Final

from inspector.core.events import InspectorError
from inspector.replay.target import Target

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[int, tuple[Any, ...]]
"""Address family and socket address, as getaddrinfo gives them."""

OWN: Final = "That is this listener itself."
"""Why a replay to our own listener is refused."""

# Where clouds answer with credentials, besides the link-local range.
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))


async def look_up(host: str, port: int) -> list[Place]:
    """All addresses of `host`; InspectorError if there is none.

    Asked in a thread of its own, for which nobody waits when the name server is silent.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Place]] = loop.create_future()

    def settle(places: list[Place] | None, problem: str) -> None:
        if found.done():
            return
        if places is None:
            found.set_exception(InspectorError(problem))
        else:
            found.set_result(places)

    def ask() -> None:
        places: list[Place] | None = None
        problem = ""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            places = [(family, tuple(place)) for family, _, _, _, place in answers]
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                problem = f"No name server answered for {host}. Is there a network?"
            else:
                problem = f"There is no host called {host}. Is the name right?"
        except (OSError, ValueError) as error:
            problem = f"The name {host} cannot be looked up: {error}."
        try:
            loop.call_soon_threadsafe(settle, places, problem)
        except RuntimeError:
            pass  # the loop is closed; nobody asks any more

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    return await found


def allowed(places: list[Place], target: Target, own_addresses: Collection[tuple[str, int]]) -> list[Place]:
    """The places that may be connected to; InspectorError if one is this listener, or if none is left.

    Link-local and metadata addresses answer with credentials in a cloud; they are called only when the target
    names them as an address, never because a host name points there.
    """
    if any(_is_own(_ip(address[0]), target, *own) for _, address in places for own in own_addresses):
        raise InspectorError(OWN)
    try:
        named: Ip | None = _ip(target.host)
    except ValueError:
        named = None
    kept = [place for place in places if _ip(place[1][0]) == named or not _must_be_named(_ip(place[1][0]))]
    if not kept:
        raise InspectorError(
            f"{target.host} leads to {places[0][1][0]}, a link-local or metadata address. "
            "If that is meant, write the address itself."
        )
    return kept


async def is_near(target: Target) -> bool:
    """True when a target is this machine, by whatever name or address; not where its name cannot be looked up."""
    try:
        places = await look_up(target.host, target.port)
    except InspectorError:
        return False
    found = {_ip(address[0]) for _, address in places}
    return all(one.is_loopback or one.is_unspecified or _is_of_this_machine(one) for one in found)


def _ip(text: str) -> Ip:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(text.partition("%")[0])
    return address


def _must_be_named(address: Ip) -> bool:
    return address.is_link_local or address in _METADATA


def _is_own(address: Ip, target: Target, host: str, port: int) -> bool:
    if port != target.port:
        return False
    try:
        own = _ip(host)
    except ValueError:
        return host.lower().rstrip(".") == target.host.lower().rstrip(".")
    if own.is_unspecified:
        return _is_of_this_machine(address)
    # To connect to 0.0.0.0 or :: is to connect to the loopback address.
    return address == own or (address.is_unspecified and own.is_loopback)


def _is_of_this_machine(address: Ip) -> bool:
    """Whether it is an address of this machine: only such a one can be bound to."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
