"""What OpenDocument texts, sheets and slides have in common (ODF 1.3, parts 2 and 3)."""
