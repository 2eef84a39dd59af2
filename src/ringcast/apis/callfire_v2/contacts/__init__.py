"""Contacts and lists of them."""
