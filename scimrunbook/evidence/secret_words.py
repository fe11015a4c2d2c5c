"""The one list of words that mark a secret: for the incident file, the exports, every redactor and the gate."""

from __future__ import annotations

SECRET_WORDS = (
    "token", "secret", "passw", "passphrase", "credential", "api_?key", "apikey", "authorization", "private_?key",
    "client_?assertion", "session_?id", "sessiontoken", "statetoken", "cookie", "samlresponse", "otp", "sas_?url",
)  # fmt: skip
PATTERN = "|".join(SECRET_WORDS)  # for a regular expression; case is to be ignored
