"""Tests of idesluss/."""
