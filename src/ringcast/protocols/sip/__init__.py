"""SIP without I/O: messages, transactions, dialogs, digest (RFC 3261 and what amends it)."""
