"""The account: its credentials, its caller ids."""
