"""Notices: the warning a person perceives, one file a medium."""
