"""Why a policy server could not be used: urllib3's exceptions, mapped once for `policy sync`.

Each kind has a sentence of its own, because the cures differ: no network is waited out, a
wrong name is corrected, a proxy or a certificate is somebody's to repair. None of them
touches what is installed, and every hint says so.
"""

from __future__ import annotations

import urllib3.exceptions as vendor

from assistant.errors import NetworkError

STAYS = "The installed policy goes on being enforced."
_OTHERWISE = "or install it from a file or a stick with `assistant policy install`."
LATER = f"{STAYS} Sync again later, {_OTHERWISE}"
_IDENTITY = f"{STAYS} Check this machine's clock and the server's certificate, {_OTHERWISE}"
_PROXY = f"{STAYS} Correct the proxy in this machine's settings, {_OTHERWISE}"

# The first line that fits decides, so the narrower kinds stand above their parents.
_SAID: tuple[tuple[type[Exception], str, str], ...] = (
    (
        vendor.NameResolutionError,
        "The policy server's name was not found; there may be no network.",
        LATER,
    ),
    (vendor.NewConnectionError, "The policy server takes no connection.", LATER),
    (vendor.TimeoutError, "The policy server did not answer in time.", LATER),
    (vendor.SSLError, "The policy server could not prove who it is (TLS).", _IDENTITY),
    (vendor.ProxyError, "The proxy on the way to the policy server cannot be used.", _PROXY),
    (vendor.ProxySchemeUnknown, "The proxy set on this machine is of an unknown kind.", _PROXY),
    (vendor.ResponseError, "The policy server sends from one address to the next.", LATER),
    (vendor.ProtocolError, "The connection to the policy server broke.", LATER),
)
_OTHER = ("The policy server cannot be used.", LATER)


def unreachable(error: BaseException) -> NetworkError:
    """What to tell of ``error``, which is one of urllib3's; its text is never shown."""
    inner = error.reason if isinstance(error, vendor.MaxRetryError) else error
    for kind, message, hint in _SAID:
        if isinstance(inner, kind):
            return NetworkError(message, hint=hint)
    return NetworkError(_OTHER[0], hint=_OTHER[1])
