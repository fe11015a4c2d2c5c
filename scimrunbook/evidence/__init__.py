"""What scimrunbook keeps to itself: secrets, redaction, the bundle."""
