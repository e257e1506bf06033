"""placeholder"""
ADAPTER = None
