"""Bytes out: a captured request sent to a target, or written as a curl command."""
