"""A Catalog, an Okta and an Entra to practise on: a small world that really provisions, with faults by name.

Binds loopback only, with random tokens. Nothing outside the verbs that start it, and the tests, imports this package.
"""
