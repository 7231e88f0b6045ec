"""Cluster labels and binary hash codes for unlabelled images, text and vectors."""
