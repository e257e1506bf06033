"""What Word, Excel and PowerPoint files have in common (ISO 29500-2: Open Packaging)."""
