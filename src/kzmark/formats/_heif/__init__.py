"""HEIF: what AVIF and HEIC share beyond boxes and items."""
