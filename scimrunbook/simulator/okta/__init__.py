"""The simulated Okta: event-driven provisioning over SCIM, its System Log, its Management API."""
