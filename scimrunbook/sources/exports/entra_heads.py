"""Records of Entra's provisioning log that surely belong to another application, told without decoding them whole.

A tenant's log holds every application's; nothing but their number, their times and their applications is wanted.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from scimrunbook.sources.exports.pieces import Raw
from scimrunbook.sources.fields import moment


class Foreign(NamedTuple):
    """What is kept of another application's record."""

    at: datetime
    app_id: str
    app_name: str | None


class _Owner(msgspec.Struct, gc=False):
    id: str = ""
    displayName: str | None = None  # noqa: N815 - as Graph prints it


class _Head(msgspec.Struct, gc=False):
    """The little of a ``provisioningObjectSummary`` of Graph v1.0 that tells whose it is; all else is passed over."""

    id: str = ""
    activityDateTime: str = ""  # noqa: N815
    provisioningAction: str = ""  # noqa: N815
    servicePrincipal: _Owner | None = None  # noqa: N815
    sourceIdentity: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    TimeGenerated: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEADS = msgspec.json.Decoder(_Head)


def foreign(raw: Raw, ours: str) -> Foreign | None:
    """None where the record may be ours, is written in another way, or cannot be read: then it is decoded whole."""
    try:
        head = _HEADS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    owner, plain = head.servicePrincipal, head.TimeGenerated is msgspec.UNSET
    if not (plain and head.id and head.provisioningAction and head.sourceIdentity is not msgspec.UNSET):
        return None
    if owner is None or not owner.id.strip() or owner.id == ours:
        return None
    at = moment(head.activityDateTime)
    return None if at is None else Foreign(at, owner.id, (owner.displayName or "").strip() and owner.displayName)
