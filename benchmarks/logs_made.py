"""Logs of any size, made quickly: what an application needs of them is one record in a hundred, as in a large tenant.

Nine of ten records of Okta's System Log are sign-ins, most others belong to other applications; of Entra's
provisioning log three of a hundred belong to ours. One record in a hundred thousand is broken.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

APP = "0oaBENCH000000000001"
PRINCIPAL = "5b0d9a5e-4d4c-4ad5-9d0e-0c9f5f5a1d11"
OTHER = "7c1e0b6f-5e5d-4be6-8e1f-1d0a6a6b2e22"
BLOCK = 2000  # records written at a time
BROKEN = 100_000  # one in so many
_DAY = 50_000  # records a day

_OKTA = (
    '{"actor":{"id":"00uadmin","type":"User","alternateId":"admin@example.com","displayName":"A"},"client":{"userAgent":'
    '{"rawUserAgent":"Mozilla/5.0 ' + "x" * 120 + '","os":"Linux"},"ipAddress":"192.0.2.10"},"displayMessage":"'
    "something happened something happened something happened something happened "
    '","eventType":"%s","outcome":{"result":"SUCCESS","reason":null},"severity":"INFO","published":"%s.000Z",'
    '"debugContext":{"debugData":{"requestUri":"/x","requestId":"' + "r" * 24 + '"}},"transaction":{"type":"WEB","id":'
    '"t%d","detail":{}},"uuid":"u%d","target":[{"id":"00u%d","type":"User","alternateId":"p%d@example.com"},{"id":"%s",'
    '"type":"AppInstance","alternateId":"App","displayName":"App"}]}'
)
CSV_HEAD = (
    "timestamp,event_type,outcome.result,outcome.reason,display_message,severity,uuid,actor.id,actor.type,"
    "actor.alternate_id,actor.display_name,client.user_agent,transaction.id,transaction.type,"
    "debug_context.debug_data.request_uri,target0.id,target0.type,target0.alternate_id,target0.display_name,"
    "target1.id,target1.type,target1.alternate_id,target1.display_name"
)
_CSV = (
    '%s.000Z,%s,SUCCESS,,"something happened, twice",INFO,u%d,00uadmin,User,admin@example.com,A,Mozilla/5.0 '
    + "x" * 120
    + ",t%d,WEB,/x,00u%d,User,p%d@example.com,P,%s,AppInstance,App,App"
)
_ENTRA = (
    '{"id":"%032d","activityDateTime":"%sZ","jobId":"scim.1","cycleId":"c%d","changeId":"ch%d","provisioningAction":"'
    'update","durationInMilliseconds":812,"servicePrincipal":{"id":"%s","displayName":"App"},"sourceSystem":{"id":"s",'
    '"displayName":"Azure Active Directory","details":{}},"targetSystem":{"id":"t","displayName":"customappsso",'
    '"details":{}},"initiatedBy":{"id":"","displayName":"Azure AD Provisioning Service","initiatorType":"system"},'
    '"sourceIdentity":{"id":"p-%d","displayName":"P","identityType":"User","details":{"id":"p-%d","odatatype":"User",'
    '"UserPrincipalName":"p%d@example.com"}},"targetIdentity":{"id":"","displayName":"","identityType":"urn:x:core:2.0:'
    'User","details":{}},"provisioningStatusInfo":{"status":"success","errorInformation":null},"provisioningSteps":['
    '{"name":"EntryImportUpdate","provisioningStepType":"import","status":"success","description":"Received User from '
    'Azure Active Directory","details":{}},{"name":"EntryExportUpdate","provisioningStepType":"export","status":'
    '"success","description":"User was updated in customappsso","details":{}}],"modifiedProperties":[{"displayName":'
    '"name.familyName","oldValue":"B","newValue":"C"}]}'
)


def _at(count: int) -> str:
    return f"2026-11-{1 + count // _DAY % 28:02d}T{count // 3600 % 24:02d}:{count // 60 % 60:02d}:{count % 60:02d}"


def okta(count: int) -> str:
    kind, app = _okta_kind(count)
    return _OKTA % (kind, _at(count), count, count, count % 9999, count % 9999, app)


def okta_csv(count: int) -> str:
    kind, app = _okta_kind(count)
    return _CSV % (_at(count), kind, count, count, count % 9999, count % 9999, app)


def _okta_kind(count: int) -> tuple[str, str]:
    kind = "application.provision.user.push_profile" if count % 10 == 0 else "user.session.start"
    return kind, APP if count % 100 < 3 else "0oaOTHER000000000001"


def entra(count: int) -> str:
    owner = PRINCIPAL if count % 100 < 3 else OTHER
    return _ENTRA % (count, _at(count), count // 999, count, owner, count % 9999, count % 9999, count % 9999)


# By form: the records, what stands before, between and after them, and a broken record.
_FORMS: dict[str, tuple[str, str, str, str]] = {
    "ndjson": ("", "\n", "\n", "{broken"),
    "json": ("[", ",", "]", '{"actor":broken}'),
    "csv": (CSV_HEAD + "\n", "\n", "\n", "a,line,that,was,cut"),
}


def write(path: Path, megabytes: int, record: Callable[[int], str] = okta, form: str = "ndjson") -> int:
    """A log of about that size, unpacked; gzipped where the name ends in ``.gz``. Returns how many records it has.

    No record of an array is broken: nobody but a person's editor breaks one there, and DuckDB reads none of them then.
    """
    head, between, foot, broken = _FORMS[form]
    plain = form == "json"
    size, count = megabytes << 20, 0
    with path.open("wb") as file, _packer(path, file) as out:
        done = out.write(head.encode())
        while done < size:
            block = [
                broken if n % BROKEN == BROKEN // 2 and not plain else record(n) for n in range(count, count + BLOCK)
            ]
            out.write(between.encode() if count else b"")
            done += out.write(between.join(block).encode())
            count += BLOCK
        out.write(foot.encode())
    return count


def _packer(path: Path, file: io.BufferedWriter) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) if path.suffix == ".gz" else file
