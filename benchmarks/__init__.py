"""What scimrunbook costs, as ratios to what somebody would use instead, each measured in one run."""
