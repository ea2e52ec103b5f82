"""Looking after a memory: consolidation, transfer, diagnosis, fingerprint."""
