"""A run or a release in the formats of others. All is derived from its manifest and its entry in the ledger."""
