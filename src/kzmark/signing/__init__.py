"""Signing: identities, trust, and the one file that imports the C2PA library."""
