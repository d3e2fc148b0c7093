"""From a study to outcome frames, and the ledger of their making."""
