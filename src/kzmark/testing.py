"""Fixtures and the adapter contract, for tests here and for authors of adapters."""
