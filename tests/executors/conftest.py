"""Asserts in the helper of these tests are told in full."""

import pytest

pytest.register_assert_rewrite("tests.executors.archive")
