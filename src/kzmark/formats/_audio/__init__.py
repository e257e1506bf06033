"""Sound: decoded and encoded with PyAV, joined without encoding it again."""
