"""Texts, keywords and media: none of them is here."""
