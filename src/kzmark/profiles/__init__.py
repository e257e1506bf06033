"""Profiles that come with kzmark, one TOML file each."""
