"""Numbers of the account; there are none for sale."""
