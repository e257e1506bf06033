"""ISO base media files: boxes and items, for AVIF, HEIC and JPEG XL."""
