"""Tests of what a transaction cannot show; the addon's own are in its folder."""
