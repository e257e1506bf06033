"""The engine of films: PyAV decodes and encodes, kzmark decides what and writes the files."""
