"""Steps that bring a schema up to date (`ringcast.stores.sql.schema`)."""
