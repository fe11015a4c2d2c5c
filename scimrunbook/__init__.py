"""Runbook notebooks that diagnose SCIM provisioning of Coalesce Catalog from Okta or Microsoft Entra ID.

One direction, no way back::

    parameters/*.yaml → Incident → collect → Snapshot → checks → Findings → trace + diagnosis → faces
"""

__version__ = "0.1.0"
