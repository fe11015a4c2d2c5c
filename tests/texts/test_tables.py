"""Failures of whole tables: read as one text is, each kind once, whoever it names."""

from __future__ import annotations

import pandas as pd

from scimrunbook import errors
from scimrunbook.texts import Context, read


def failed(*rows: tuple[int | None, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["http_status", "error_code", "reason"])
    frame["http_status"] = frame["http_status"].astype("Int64")
    return frame.astype({"error_code": "str", "reason": "str"}).assign(event_type="x", status="failure")


TASK = "Automatic provisioning of user {0} Doe to app End User Authentication failed: "


def test_a_table_is_read_as_its_texts_are() -> None:
    rows = failed(
        (400, None, "Bad Request. Errors reported by remote server: lastName must not be blank"),
        (401, None, None),
        (None, "DuplicateTargetEntries", None),
        (None, None, None),
        (409, None, "Conflict. Errors reported by remote server: ada@example.com is already registered"),
    )
    found = errors.families(rows)
    assert found.fillna("unknown").tolist() == [
        "attribute_mapping",
        "url_or_token",
        "duplicate_identity",
        "unknown",
        "duplicate_identity",
    ]
    assert errors.is_auth(rows).tolist() == [False, True, False, False, False]


def test_names_and_numbers_do_not_make_texts_distinct() -> None:
    read.cache_clear()
    texts = [
        TASK.format(f"P{i}") + f"Bad Request. Errors reported by remote server: {i:05} is taken" for i in range(200)
    ]
    found = errors.families(failed(*((400, None, t) for t in texts)))
    assert set(found) == {"duplicate_identity"} and read.cache_info().misses == 1


def test_the_name_of_an_application_is_no_part_of_the_failure() -> None:
    assert read(TASK.format("Ada") + "Bad Request", None, "okta_log").cause == "unknown"


def test_meanings_come_once_and_the_most_frequent_first() -> None:
    rows = failed((409, None, "Conflict"), (401, None, "Unauthorized"), (401, None, "Unauthorized"))
    assert [r.cause for r in errors.readings(rows)] == ["url_or_token", "duplicate_identity"]


def test_a_job_says_itself_whether_signing_in_failed() -> None:
    assert errors.signing_in_failed("SystemForCrossDomainIdentityManagementInvalidCredentials", None)
    assert errors.signing_in_failed(pd.NA, "StatusCode: Unauthorized")
    assert errors.signing_in_failed(None, "The token has expired")
    assert not errors.signing_in_failed(pd.NA, pd.NA)
    assert not errors.signing_in_failed("InternalServerError", "connect timed out")


def test_whom_a_failure_hits_breaks_a_tie() -> None:
    day = pd.Timestamp("2026-11-20", tz="UTC")
    rows = failed((403, None, "Access denied"), (409, None, "Conflict")).assign(key=["ada", "bob"], at=day, ok=False)
    others = rows.assign(key=["cid", "dot"], at=day + pd.Timedelta(hours=1), ok=True)
    assert [r.cause for r in errors.readings(rows)] == ["url_or_token", "duplicate_identity"]
    # Ada alone is refused while others get through: that is not the token, and it is asked what it is
    first, second = errors.readings(rows, pd.concat([rows, others]))
    assert (first.cause, second.cause) == ("unknown", "duplicate_identity") and first.ask
    # successes before the trouble began prove nothing
    before = others.assign(at=day - pd.Timedelta(days=1))
    assert [r.cause for r in errors.readings(rows, pd.concat([rows, before]))] == ["url_or_token", "duplicate_identity"]
    assert errors.context_of(rows, pd.concat([rows, others])) == Context("some", True)
    assert errors.context_of(rows, rows) == Context("everybody", False)
    assert errors.context_of(rows[:1], rows[:1]) == Context()
