"""Receivers that import files: numbered drops in a folder, each whole once its manifest is there."""
